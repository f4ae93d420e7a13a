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
  const held: Held = {};
  const stopping = new AbortController();
  let starting: Promise<void> | undefined;
  const stop = (code: number): void => {
    if (stopping.signal.aborted) {
      // Asked a second time: leave at once. PostgreSQL is adopted by the next start.
      process.exit(code || 130);
    }
    stopping.abort();
    setTimeout(() => process.exit(code || 1), STOP_MS).unref();
    // A start that is under way comes to the end of its step first: what it is about to take has to be given back too.
    void Promise.allSettled([starting])
      .then(() => release(held))
      .finally(() => process.exit(code));
  };
  process.on("SIGINT", () => stop(0));
  process.on("SIGTERM", () => stop(0));
  try {
    starting = start(held, stopping.signal);
    await starting;
    if (process.argv.includes("--repl")) openRepl(held.broker as ServiceBroker, stop, stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) return;
    process.stderr.write(`\nWaybill did not start: ${explain(error)}\n`);
    stop(1);
  }
}

/** Starts one thing after the other, and notes in `held` what it has taken. Throws between two steps when it is to stop. */
async function start(held: Held, stopping: AbortSignal): Promise<void> {
  const began = performance.now();
  const dataDir = path.resolve(process.env.DATA_DIR || ".data");
  // The domains' connection strings are known once PostgreSQL runs.
  const settings = readConfig({ ...process.env, DATABASE_URL: "embedded" });
  held.lock = await lockDataDir(dataDir);
  await assertPortFree(settings.http);
  stopping.throwIfAborted();
  held.postgres = await startEmbeddedPostgres({ dataDir });
  const { postgres } = held;
  stopping.throwIfAborted();
  await prepareDatabase(postgres, DATABASE);
  await forgetLeases(postgres, DATABASE);
  const config: Config = { ...settings, databases: domainUrls(postgres, DATABASE) };
  await seedFixtures(config.databases);
  stopping.throwIfAborted();
  held.broker = await createNode(config);
  await held.broker.start();
  stopping.throwIfAborted();
  const url = gatewayUrl(held.broker, config);
  await held.lock.describe({ url });
  process.stdout.write(banner({ url, dataDir, seconds: (performance.now() - began) / 1_000 }));
}

/**
 * Opens Moleculer's prompt. To leave it (`quit`, Ctrl-D, the end of the input) it stops the broker and exits, which
 * would leave PostgreSQL behind: it is shown a broker whose stop is ours, and which exits when all is stopped.
 */
function openRepl(broker: ServiceBroker, stop: (code: number) => void, stopping: AbortSignal): void {
  const leave = () => {
    // `quit` as the last line of a piped input asks twice, without being impatient.
    if (!stopping.aborted) stop(0);
    return new Promise<never>(() => {});
  };
  const shown = Object.create(broker, { stop: { value: leave } }) as ServiceBroker;
  shown.repl();
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
          ? new Error(
              `port ${port} of ${host} is taken. Choose another one: PORT=${port < 65_535 ? port + 1 : 3000} npm start`,
            )
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
