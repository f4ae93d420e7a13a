import { readConfig } from "../../platform/config.ts";
import { createNode, gatewayUrl } from "../../scripts/node.ts";
import { answer, usage } from "./answering.ts";
import { PaymentsDriver } from "./payments-driver.ts";
import { startProfile, stopProfile } from "./profile.ts";
import { countTraffic } from "./traffic.ts";

/**
 * A process of the platform by its environment, with servers that are the runner's: the embedded profile's, as `npm start`
 * has it, or where there is a bus a node of a cluster.
 */
const traffic = countTraffic();
const broker = await createNode(readConfig(process.env, process.env.NATS_URL ? "cluster" : "embedded"));
await broker.start();

answer(
  {
    url: () => gatewayUrl(broker),
    usage,
    rss: () => process.memoryUsage.rss(),
    traffic: () => structuredClone(traffic),
    startProfile,
    stopProfile,
    ...new PaymentsDriver(broker).answers,
  },
  () => broker.stop(),
);
