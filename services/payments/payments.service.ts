import { database } from "../../mixins/database.ts";
import { eventLog } from "../../mixins/event-log.ts";
import { health } from "../../mixins/health.ts";
import { actionsOf, defineSchema } from "../../platform/service.ts";
import { authorise } from "./actions/authorise.ts";
import { capture } from "./actions/capture.ts";
import { listOfOrder } from "./actions/list-of-order.ts";
import { refund } from "./actions/refund.ts";
import { voidPayments } from "./actions/void.ts";
import { contract } from "./contract.ts";
import type { PaymentsService } from "./providers/provider.ts";
import { SandboxProvider } from "./providers/sandbox.ts";

export default defineSchema<PaymentsService>({
  name: "payments",
  mixins: [health("payments"), eventLog("payments"), database("payments")],
  actions: actionsOf<typeof contract, PaymentsService>(contract, {
    listOfOrder,
    authorise,
    capture,
    void: voidPayments,
    refund,
  }),
  created(this: PaymentsService) {
    Object.assign(this, { provider: new SandboxProvider({ database: this.database, clock: this.clock }) });
  },
});
