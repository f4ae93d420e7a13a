import { flushCompileCache } from "node:module";
import type { ServiceBroker } from "moleculer";
import { readConfig } from "../platform/config.ts";
import { explain, stopOnSignals } from "./lifecycle.ts";
import { createNode, gatewayUrl } from "./node.ts";
import { startProbes } from "./probes.ts";
import { waitForDatabases } from "./wait-for-databases.ts";

/** What a node tells the process that has started it. */
export interface NodeReady {
  readonly ready: true;
}

/** One node of a cluster, by its environment. */
async function main(): Promise<void> {
  let broker: ServiceBroker | undefined;
  let started = false;
  const { stop, stopping } = stopOnSignals(async () => {
    // A node that is still starting has nothing in hand that would have to be given back, and may be waiting for NATS.
    if (started) await broker?.stop();
  });
  // Started by `npm run cluster`, which is gone: whoever starts it anew wants the ports, and soon.
  process.on("disconnect", () => process.exit(1));
  try {
    const config = readConfig(process.env, "cluster");
    broker = await createNode(config);
    if (config.probePort !== undefined) await startProbes(broker, config.probePort);
    await waitForDatabases(config, broker.logger);
    stopping.throwIfAborted();
    // NATS is waited for in here, as long as it takes; Redis is done without.
    await broker.start();
    started = true;
    const url = gatewayUrl(broker);
    broker.logger.info({ services: config.services, ...(url && { url }), pid: process.pid }, "the node is ready");
    // The next node to start may have use for it, and one that is killed would never write it.
    flushCompileCache();
    process.send?.({ ready: true } satisfies NodeReady);
  } catch (error) {
    if (stopping.aborted) return;
    process.stderr.write(`\nThe node did not start: ${explain(error)}\n`);
    stop(1);
  }
}

await main();
