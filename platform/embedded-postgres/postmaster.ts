import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Launcher } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { hint, SUPERUSER } from "./cluster.ts";
import { disarm, isPostmaster, readPidFile } from "./pid-file.ts";
import { isAlive, isListed, run, within } from "./processes.ts";

/** A server that answers. */
export interface Postmaster {
  pid: number;
  port: number;
}

/** All that is needed to find, start and stop the server of one data folder. */
export interface Site {
  binaries: Binaries;
  launcher: Launcher;
  pgdata: string;
  logFile: string;
  secret: string;
  log: (line: string) => void;
}

/** Crash recovery of a full max_wal_size may take minutes on a slow disk; the server lives and works meanwhile. */
const RECOVERY_MS = 300_000;
/** How long a server may shut down, and how long the backends of a killed one may hold its shared memory. */
const GRACE_MS = 10_000;
/** After 5 s of an immediate stop the server kills its backends itself, which is cleaner than what we can do. */
const IMMEDIATE_MS = 6_000;
const CANNOT_CONNECT_NOW = "57P03";
/** What {@link ask} calls no answer in time. */
const SILENT = "ETIMEDOUT";
const WRONG_PASSWORD = "28P01";

/**
 * The server that a killed process left running, or undefined when a new one is to be started. One that shuts down
 * is waited for, one that does not answer is stopped, and a postmaster.pid that speaks of no such server is disarmed.
 * @throws when the server does not know our password: it may hold data, and a new one would not know it either.
 */
export async function findRunning(site: Site): Promise<Postmaster | undefined> {
  for (const began = performance.now(); ; await sleep(10)) {
    const found = await readPidFile(site.pgdata);
    if (!found || (found.pid > 0 && !isListed(found.pid))) return undefined;
    let patience = found.status === "ready" || found.status === "stopping" ? GRACE_MS : RECOVERY_MS;
    if (found.pid === 0) {
      patience = 1_000;
    } else if (!isAlive(found.pid) || !(await isPostmaster(found.pid, site.pgdata))) {
      site.log(
        `postmaster.pid names process ${found.pid}, which is not (or no longer) a server of ${site.pgdata}: starting one.`,
      );
      await disarm(found.pid, site.pgdata);
      return undefined;
    } else if (found.status === "ready" && found.port) {
      const failure = await ask(found.port, site);
      if (!failure) return { pid: found.pid, port: found.port };
      if (failure.code === WRONG_PASSWORD) {
        throw new Error(
          `PostgreSQL of ${site.pgdata} (process ${found.pid}) runs, but not with the password in postgres.secret.`,
        );
      }
      if (failure.code !== CANNOT_CONNECT_NOW && failure.code !== SILENT) patience = 0;
    }
    if (performance.now() - began < patience) continue;
    if (found.pid === 0) {
      await disarm(0, site.pgdata);
    } else {
      site.log(`PostgreSQL of ${site.pgdata} (process ${found.pid}) does not answer: stopping it.`);
      await stop(found.pid, "immediate", site);
    }
    return undefined;
  }
}

/**
 * Starts a new server and waits until it answers; undefined when another one was there first.
 * @throws with the end of its log.
 */
export async function launch(settings: Record<string, string>, site: Site): Promise<Postmaster | undefined> {
  const began = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await launchOnce({ port: String(await freePort()), ...settings }, site);
    if ("port" in outcome) return outcome;
    const { reason, said } = outcome;
    const patient = performance.now() - began < GRACE_MS;
    if (said.includes('lock file "postmaster.pid" already exists')) return undefined;
    if (said.includes("pre-existing shared memory block") && patient) {
      // Backends of a killed server end when they next wait for something; beside them the data would be damaged.
      await sleep(100);
      continue;
    }
    // Someone took the port between our look and the server's.
    if (said.includes("Address already in use") && settings.port === undefined && attempt < 5) continue;
    throw new Error(
      `PostgreSQL of ${site.pgdata} did not start: ${reason}. The end of ${site.logFile}:\n${said}${hint(said)}`,
    );
  }
}

/**
 * `postgres` is spawned itself and not by `pg_ctl start`. Either way it has a session of its own (`detached` is
 * setsid), so that the terminal's Ctrl-C and hang-up pass it by and our death does too; but its pid and its exit
 * are known at once, the log is opened by us, who may be able to where its account is not, and no waiting goes in
 * steps of 100 ms. Readiness is read from postmaster.pid: connecting in a loop to a port on which nobody listens yet
 * may connect to itself, and so take the port.
 */
async function launchOnce(
  settings: Record<string, string>,
  site: Site,
): Promise<Postmaster | { reason: string; said: string }> {
  const { binaries, launcher, pgdata, logFile } = site;
  const log = await open(logFile, "a+", 0o600);
  try {
    if (launcher.account) await log.chown(launcher.account.uid, launcher.account.gid);
    const from = (await log.stat()).size;
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const { file, args, options } = launcher.command(binaries.postgres, ["-D", pgdata, ...flags]);
    const child = spawn(file, args, {
      ...options,
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      windowsHide: true,
    });
    child.unref();
    let reason = "it was not ready in time";
    let ended = false;
    child.on("error", (error) => {
      ended = child.pid === undefined;
      reason = error.message;
    });
    child.on("exit", (code, signal) => {
      ended = true;
      reason = signal ?? `exit code ${code}`;
    });

    let port: number | undefined;
    let readyAt: number | undefined;
    await within(RECOVERY_MS, async () => {
      if (ended) return true;
      const found = await readPidFile(pgdata);
      if (found?.pid !== child.pid || found?.status !== "ready" || !found.port) return false;
      readyAt ??= performance.now();
      const failure = await ask(found.port, site);
      if (failure?.code === CANNOT_CONNECT_NOW) return false;
      // On a machine that has much to do a server that is well may not answer for seconds.
      if (failure?.code === SILENT && performance.now() - readyAt < GRACE_MS) return false;
      if (failure) reason = `it does not answer (${failure.message})`;
      else port = found.port;
      return true;
    });
    if (child.pid !== undefined && port !== undefined) return { pid: child.pid, port };
    if (child.pid !== undefined && !ended) await stop(child.pid, "immediate", site);
    const text = Buffer.alloc((await log.stat()).size - from);
    await log.read(text, 0, text.length, from);
    return { reason, said: text.toString("utf8").trimEnd().split("\n").slice(-20).join("\n") };
  } finally {
    await log.close();
  }
}

/**
 * Stops a server and waits for its end: `fast` breaks off the clients and checkpoints; after 10 s of that, or at
 * once, `immediate` ends it like a crash, which loses nothing that was committed.
 */
export async function stop(pid: number, mode: "fast" | "immediate", site: Site): Promise<void> {
  const ends = async (order: string, milliseconds: number) => {
    // pg_ctl takes the pid from the file, which may by now be another server's.
    if ((await readPidFile(site.pgdata))?.pid === pid) {
      const { file, args, options } = site.launcher.command(site.binaries.pg_ctl, [
        "stop",
        "-D",
        site.pgdata,
        "-m",
        order,
        "-W",
      ]);
      await run(file, args, options);
    }
    return within(milliseconds, () => !isAlive(pid));
  };
  if (!(await isPostmaster(pid, site.pgdata))) return;
  if (mode === "fast" && (await ends("fast", GRACE_MS))) return;
  if (mode === "fast")
    site.log(`PostgreSQL of ${site.pgdata} did not stop within ${GRACE_MS / 1_000} s: stopping it at once.`);
  if (await ends("immediate", IMMEDIATE_MS)) return;
  // A server that was suspended hears nothing else. Its backends notice, and `launch` waits for them.
  if (await isPostmaster(pid, site.pgdata)) process.kill(pid, "SIGKILL");
  if (!(await within(IMMEDIATE_MS, () => !isAlive(pid))))
    throw new Error(`PostgreSQL of ${site.pgdata} (process ${pid}) cannot be stopped.`);
}

/** Asks the server on a port whether it is that of the folder. Undefined when it is, else why not. */
async function ask(port: number, site: Site): Promise<{ code?: string; message: string } | undefined> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: SUPERUSER,
    password: site.secret,
    database: "postgres",
    ssl: false,
    connectionTimeoutMillis: 3_000,
    query_timeout: 3_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string }>("select current_setting('data_directory') as folder");
    await client.end();
    return rows[0]?.folder === site.pgdata
      ? undefined
      : { message: `port ${port} is the server of ${rows[0]?.folder}` };
  } catch (error) {
    // Not awaited: a server that hangs does not close its side.
    client.end().catch(() => undefined);
    const { code = SILENT, message } = error as NodeJS.ErrnoException;
    return { code, message };
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No free TCP port on 127.0.0.1.");
  return address.port;
}
