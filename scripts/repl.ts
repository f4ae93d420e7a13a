import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BrokerOptions, ServiceBroker } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { EmbeddedAdapter } from "../platform/channels/embedded-adapter.ts";
import { type Config, DOMAINS, readConfig } from "../platform/config.ts";
import { readState } from "./cluster/state.ts";
import { explain, stopOnSignals } from "./lifecycle.ts";
import { loadPrompt, openPrompt } from "./repl/prompt.ts";

/** How long the bus, and then the first domain on it, may take to answer, in ms. */
const PATIENCE_MS = 10_000;
/** How long the others may take after the first, in ms. */
const TOGETHER_MS = 1_500;

/** Joins the running cluster for a person, who asks it by commands. */
async function main(): Promise<void> {
  let broker: ServiceBroker | undefined;
  let started = false;
  const { stop, stopping } = stopOnSignals(async () => {
    // A broker that has not found NATS cannot be stopped either.
    if (started) await broker?.stop();
  });
  try {
    const open = await loadPrompt();
    const config = operatorConfig();
    const servers = config.cluster?.nats.servers.join(", ");
    process.stdout.write(`\nJoining the cluster at ${servers} ...\n`);
    broker = new ServiceBroker(operatorOptions(config));
    await within(broker.start(), `NATS at ${servers} does not let us in within ten seconds`);
    started = true;
    await waitForDomains(broker);
    stopping.throwIfAborted();
    process.stdout.write(`\n${greeting(broker)}\n\n`);
    openPrompt(open, broker, () => stop(0));
  } catch (error) {
    if (stopping.aborted) return;
    process.stderr.write(`\nThe prompt did not open: ${explain(error)}\n`);
    stop(1);
  }
}

/** Where the cluster is: as the environment says, or as `npm run cluster` has left word in its data folder. */
function operatorConfig(): Config {
  const dataDir = path.resolve(process.env.DATA_DIR || ".data");
  const natsUrl = process.env.NATS_URL || readState(dataDir)?.natsUrl;
  if (!natsUrl) {
    throw new Error(
      `there is no cluster to join: \`npm run cluster\` has left no word of one in ${dataDir} (DATA_DIR), and NATS_URL is not set`,
    );
  }
  const config = readConfig(
    {
      LOG_LEVEL: "warn",
      ...process.env,
      NATS_URL: natsUrl,
      // It runs nothing, so it has neither databases nor a cache; a service is named for the settings' sake alone.
      SERVICES: "api",
      REDIS_URL: "redis://none",
    },
    "cluster",
  );
  return { ...config, services: [] };
}

function operatorOptions(config: Config): BrokerOptions {
  const { middlewares = [], ...options } = brokerOptions(config, new EmbeddedAdapter());
  return {
    ...options,
    cacher: false,
    middlewares: middlewares.filter((middleware) => (middleware as { name?: string }).name !== "redis"),
    // A person waits, and no longer than this.
    requestTimeout: 10_000,
  };
}

/** Waits for the first domain, and a little for the others: who is down is not waited for. */
async function waitForDomains(broker: ServiceBroker): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (missing(broker).length === DOMAINS.length && Date.now() < until) await sleep(50);
  const together = Date.now() + TOGETHER_MS;
  while (missing(broker).length > 0 && Date.now() < together) await sleep(50);
}

function missing(broker: ServiceBroker): string[] {
  return DOMAINS.filter((domain) => !broker.registry.actions.isAvailable(`${domain}.health.check`));
}

function greeting(broker: ServiceBroker): string {
  const nodes = (broker.registry.getNodeList({ onlyAvailable: true, withServices: false }) as unknown[]).length - 1;
  const absent = missing(broker);
  const there = `${nodes} nodes are there${absent.length > 0 ? `, none of them with ${absent.join(", ")}` : ""}.`;
  return `${there}\n\`help\` lists all commands, \`order --help\` explains one, Tab completes, Ctrl-D leaves.`;
}

async function within(work: Promise<unknown>, otherwise: string): Promise<void> {
  const patience = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
    throw new Error(otherwise);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    patience.abort();
    late.catch(() => {});
  }
}

await main();
