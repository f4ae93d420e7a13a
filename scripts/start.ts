import { flushCompileCache } from "node:module";
import path from "node:path";
import type { ServiceBroker } from "moleculer";
import { type Config, readConfig } from "../platform/config.ts";
import {
  type DataDirLock,
  type EmbeddedPostgres,
  lockDataDir,
  startEmbeddedPostgres,
} from "../platform/embedded-postgres.ts";
import { banner } from "./banner.ts";
import { dataDirKeys } from "./data-keys.ts";
import { explain, stopOnSignals } from "./lifecycle.ts";
import { assertPortFree } from "./ports.ts";
import { domainUrls, forgetLeases, prepareDatabase } from "./prepare-database.ts";
import { loadPrompt, openPrompt } from "./repl/prompt.ts";

const DATABASE = "waybill";

/** What a start has taken so far, in the order of taking. */
interface Held {
  lock?: DataDirLock;
  postgres?: EmbeddedPostgres;
  broker?: ServiceBroker;
}

/** The embedded profile: PostgreSQL, all services and the gateway from one command. */
async function main(): Promise<void> {
  const held: Held = {};
  let starting: Promise<void> | undefined;
  // Asked a second time it leaves PostgreSQL behind, which the next start adopts.
  const { stop, stopping } = stopOnSignals(async () => {
    // A start that is under way comes to the end of its step first: what it is about to take has to be given back too.
    await Promise.allSettled([starting]);
    await release(held);
  });
  try {
    // Before anything is started: it may be that there is no prompt.
    const open = process.argv.includes("--repl") ? await loadPrompt() : undefined;
    starting = start(held, stopping);
    await starting;
    if (open) openPrompt(open, held.broker as ServiceBroker, () => stop(0));
  } catch (error) {
    if (stopping.aborted) return;
    process.stderr.write(`\nWaybill did not start: ${explain(error)}\n`);
    stop(1);
  }
}

/** Starts one thing after the other, and notes in `held` what it has taken. Throws between two steps when it is to stop. */
async function start(held: Held, stopping: AbortSignal): Promise<void> {
  const began = performance.now();
  const dataDir = path.resolve(process.env.DATA_DIR || ".data");
  // All services, whatever a node of a cluster would run. Their connection strings are known once PostgreSQL runs.
  const settings = readConfig({ ...process.env, SERVICES: "", DATABASE_URL: "embedded" });
  held.lock = await lockDataDir(dataDir);
  await assertPortFree(settings.http, "npm start");
  stopping.throwIfAborted();
  const loading = load(settings);
  // Whoever fails before it is waited for is the one to be told of.
  loading.catch(() => {});
  held.postgres = await startEmbeddedPostgres({ dataDir });
  const { postgres } = held;
  stopping.throwIfAborted();
  await prepareDatabase(postgres, DATABASE);
  await forgetLeases(postgres, DATABASE);
  const encryptionKeys = await dataDirKeys(dataDir, settings.encryptionKeys);
  const config: Config = { ...settings, databases: domainUrls(postgres, DATABASE), encryptionKeys };
  const { seedFixtures, createNode, gatewayUrl } = await loading;
  await seedFixtures(config.databases);
  stopping.throwIfAborted();
  held.broker = await createNode(config);
  await held.broker.start();
  stopping.throwIfAborted();
  const url = gatewayUrl(held.broker) as string;
  await held.lock.describe({ url });
  process.stdout.write(banner({ url, dataDir, seconds: (performance.now() - began) / 1_000 }));
  // The next start takes half the time by it, and a process that is killed would never write it.
  flushCompileCache();
}

/** The code of the services, which is read and compiled while PostgreSQL starts. */
async function load({ services }: Config) {
  const [{ seedFixtures }, node] = await Promise.all([import("./fixtures.ts"), import("./node.ts")]);
  await node.loadServices(services);
  return { ...node, seedFixtures };
}

async function release({ broker, postgres, lock }: Held): Promise<void> {
  await broker?.stop().catch((error: unknown) => process.stderr.write(`${explain(error)}\n`));
  await postgres?.stop().catch((error: unknown) => process.stderr.write(`${explain(error)}\n`));
  await lock?.release();
}

await main();
