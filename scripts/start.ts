import { createServer } from "node:net";
import path from "node:path";
import type { ServiceBroker } from "moleculer";
import { type Config, readConfig } from "../platform/config.ts";
import {
  DataDirInUse,
  type DataDirLock,
  type EmbeddedPostgres,
  lockDataDir,
  startEmbeddedPostgres,
} from "../platform/embedded-postgres.ts";
import { banner } from "./banner.ts";
import { seedFixtures } from "./fixtures.ts";
import { createNode } from "./node.ts";
import { domainUrls, forgetLeases, prepareDatabase } from "./prepare-database.ts";

const DATABASE = "waybill";
/** A stop takes no longer than this, whatever hangs. What is not done then is done at the next start. */
const STOP_MS = 12_000;

/** What a start has taken so far, in the order of taking. */
interface Held {
  lock?: DataDirLock;
  postgres?: EmbeddedPostgres;
  broker?: ServiceBroker;
}

/** The embedded profile: PostgreSQL, all services and the gateway from one command. */
async function main(): Promise<void> {
  const started = performance.now();
  const dataDir = path.resolve(process.env.DATA_DIR || ".data");
  const held: Held = {};
  let stopping = false;
  const stop = (code: number): void => {
    if (stopping) {
      // Asked a second time: leave at once. PostgreSQL is adopted by the next start.
      process.exit(code || 130);
    }
    stopping = true;
    setTimeout(() => process.exit(code || 1), STOP_MS).unref();
    void release(held).finally(() => process.exit(code));
  };
  process.on("SIGINT", () => stop(0));
  process.on("SIGTERM", () => stop(0));
  try {
    // The domains' connection strings are known once PostgreSQL runs.
    const settings = readConfig({ ...process.env, DATABASE_URL: "embedded" });
    held.lock = await lockDataDir(dataDir);
    await assertPortFree(settings.http);
    held.postgres = await startEmbeddedPostgres({ dataDir });
    const { postgres } = held;
    await prepareDatabase(postgres, DATABASE);
    await forgetLeases(postgres, DATABASE);
    const config: Config = { ...settings, databases: domainUrls(postgres, DATABASE) };
    await seedFixtures(config.databases);
    if (stopping) return;
    held.broker = await createNode(config);
    await held.broker.start();
    const url = gatewayUrl(held.broker, config);
    await held.lock.describe({ url });
    process.stdout.write(banner({ url, dataDir, seconds: (performance.now() - started) / 1_000 }));
    if (process.argv.includes("--repl")) held.broker.repl();
  } catch (error) {
    process.stderr.write(`\nWaybill did not start: ${explain(error)}\n`);
    stop(1);
  }
}

async function release({ broker, postgres, lock }: Held): Promise<void> {
  await broker?.stop().catch((error: unknown) => process.stderr.write(`${explain(error)}\n`));
  await postgres?.stop().catch((error: unknown) => process.stderr.write(`${explain(error)}\n`));
  await lock?.release();
}

/** Says so before anything is started; the gateway would find out seconds later. */
async function assertPortFree({ host, port }: Config["http"]): Promise<void> {
  if (port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new Error(`port ${port} of ${host} is taken. Choose another one: PORT=3001 npm start`)
          : error,
      ),
    );
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

function gatewayUrl(broker: ServiceBroker, { http: { host } }: Config): string {
  const gateway = broker.getLocalService("api") as unknown as { server: { address(): { port: number } } };
  const name = host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${gateway.server.address().port}`;
}

function explain(error: unknown): string {
  if (error instanceof DataDirInUse) return error.message;
  if (!(error instanceof Error)) return String(error);
  return process.env.LOG_LEVEL === "debug" ? (error.stack ?? error.message) : error.message;
}

await main();
