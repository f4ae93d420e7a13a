import { EmbeddedAdapter } from "../../../platform/channels/embedded-adapter.ts";
import { describeChannels } from "../../support/channel-suite.ts";

describeChannels("PostgreSQL alone", ({ pollMs }) => new EmbeddedAdapter({ pollMs, retryMs: [20, 500] }));
