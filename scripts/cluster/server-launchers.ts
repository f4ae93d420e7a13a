import type { ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { readPidFile } from "../../platform/embedded-postgres/pid-file.ts";
import { isAlive } from "../../platform/embedded-postgres/processes.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../platform/embedded-postgres.ts";
import type { Launch } from "./kept.ts";
import type { Server, ServerOptions } from "./servers.ts";

/** Two nodes a domain with some twenty connections each, while those of nodes that have died are still counted. */
const MAX_CONNECTIONS = 400;
const LOOK_MS = 100;

/** How nats-server or redis-server is started: by `start`, with these options beside its own. */
export function serverLauncher(
  log: string,
  start: (options: Pick<ServerOptions, "detached" | "spawned">) => Promise<Server>,
): Launch {
  return async (spawned) => {
    let server: Server | undefined;
    server = await start({
      detached: true,
      spawned(child) {
        if (child.pid === undefined) return;
        writeLog(child, log);
        spawned({
          pid: child.pid,
          ended: new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`))),
          // One that is not ready yet serves nobody who would want an orderly end.
          stop: async () => (server ? server.stop() : void child.kill("SIGKILL")),
          kill: () => child.kill("SIGKILL"),
        });
      },
    });
  };
}

function writeLog(child: ChildProcess, file: string): void {
  const log = createWriteStream(file, { flags: "a", mode: 0o600 });
  // A full disk is no reason to end the cluster.
  log.on("error", () => {});
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  child.once("close", () => log.end());
}

/**
 * How the embedded PostgreSQL is started, or adopted where it was left running. It is nobody's child, so its end is
 * looked for.
 *
 * @param port where the nodes look for it
 * @param started told of each one
 */
export function postgresLauncher(dataDir: string, port: number, started: (postgres: EmbeddedPostgres) => void): Launch {
  const start = () =>
    startEmbeddedPostgres({ dataDir, settings: { port: String(port), max_connections: String(MAX_CONNECTIONS) } });
  return async (spawned) => {
    let postgres = await start();
    if (postgres.adopted && !(await suits(postgres, port))) {
      await postgres.stop();
      postgres = await start();
    }
    const pid = (await readPidFile(path.join(dataDir, "postgres")))?.pid;
    if (!pid) throw new Error("PostgreSQL has ended again");
    started(postgres);
    // The next start adopts it, as it does after any other sudden end.
    const ended = endOf(pid).then(() => `see ${path.join(dataDir, "postgres.log")}`);
    spawned({ pid, ended, stop: () => postgres.stop(), kill: () => {} });
  };
}

/** Whether one that was left running is as the nodes need it; `npm start` asks for less. */
async function suits(postgres: EmbeddedPostgres, port: number): Promise<boolean> {
  if (postgres.port !== port) return false;
  const client = new pg.Client({ connectionString: postgres.url("postgres") });
  await client.connect();
  try {
    const { rows } = await client.query<{ most: number }>("select current_setting('max_connections')::int as most");
    return (rows[0]?.most ?? 0) >= MAX_CONNECTIONS;
  } finally {
    await client.end();
  }
}

async function endOf(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(LOOK_MS);
}
