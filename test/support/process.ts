import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { chown, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { isPostmaster } from "../../platform/embedded-postgres/pid-file.ts";
import { isAlive } from "../../platform/embedded-postgres/processes.ts";
import { Client } from "./client.ts";
import { eventually, pause } from "./waiting.ts";

export const ROOT = path.resolve(import.meta.dirname, "../..");

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/**
 * Node's command line under another account. Where root's checkout is closed to that account (a `mktemp -d`) it may
 * read everything; write, it still may in its own folders alone.
 */
function as({ uid, gid }: Account): string[] {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  const open = spawnSync("setpriv", [...ids, "test", "-r", path.join(ROOT, "package.json")]).status === 0;
  const passing = ["--securebits=+no_setuid_fixup", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];
  return ["setpriv", ...ids, ...(open ? [] : passing), process.execPath];
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** How a process is started, where it is not as `npm start` does. */
export interface Surroundings {
  /** Another script than `scripts/start.ts`, from the checkout's root. */
  readonly script?: string;
  /** The data folder of another platform, which is left to that one. */
  readonly dataDir?: string;
  readonly port?: number;
  readonly cwd?: string;
  /** By `npm start` in a process group of its own, as a terminal does. */
  readonly npm?: true;
  /** The account, when this is root and it is to be another one. It owns the data folder. */
  readonly account?: Account;
}

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The embedded profile as a user starts it: `scripts/start.ts` in a process of its own, on a data folder of its own. */
export class PlatformProcess {
  readonly dataDir: string;
  readonly port: number;
  readonly url: string;
  readonly #env: Record<string, string>;
  readonly #surroundings: Surroundings;
  #child: ChildProcess | undefined;
  #closed: Promise<End> | undefined;
  /** What the process, or the last one, has said. */
  output = "";

  private constructor(dataDir: string, port: number, env: Record<string, string>, surroundings: Surroundings) {
    this.dataDir = dataDir;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#env = env;
    this.#surroundings = surroundings;
  }

  static async make(env: Record<string, string> = {}, surroundings: Surroundings = {}): Promise<PlatformProcess> {
    const dataDir = surroundings.dataDir ?? (await mkdtemp(path.join(tmpdir(), "waybill-e2e-")));
    const { account } = surroundings;
    if (account) await chown(dataDir, account.uid, account.gid);
    return new PlatformProcess(dataDir, surroundings.port ?? (await freePort()), env, surroundings);
  }

  /** Of the process that runs, undefined when none does. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it and waits until it is ready. */
  async start(args: readonly string[] = []): Promise<void> {
    const child = this.spawn(args);
    const end = Date.now() + 60_000;
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it did not start:\n${this.output}`);
      const ready = await new Client(this.url).get("/health/ready").catch(() => undefined);
      if (ready?.status === 200) return;
      if (Date.now() > end) throw new Error(`not ready after a minute:\n${this.output}`);
      await pause(25);
    }
  }

  /** Starts it without waiting. With `--repl` among the arguments `type` reaches it. */
  spawn(args: readonly string[] = []): ChildProcess {
    const { script = "scripts/start.ts", npm, cwd = npm && ROOT, account } = this.#surroundings;
    this.output = "";
    const node = account ? as(account) : [process.execPath];
    const [file, ...before] = npm ? ["npm", "start", "--"] : [...node, path.join(ROOT, script)];
    const child = spawn(file as string, [...before, ...args], {
      env: {
        PATH: process.env.PATH ?? "",
        PORT: String(this.port),
        DATA_DIR: this.dataDir,
        LOG_LEVEL: "warn",
        LOG_FORMAT: "json",
        CARRIER_PICKUP_MS: "0",
        CARRIER_DELIVERY_MS: "0",
        ...this.#env,
      },
      ...(cwd !== undefined && { cwd }),
      ...(npm && { detached: true }),
      stdio: [args.includes("--repl") ? "pipe" : "ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer) => {
      this.output += chunk.toString("utf8");
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    this.#child = child;
    // Not at its exit: what it has said as the last thing would be missing.
    this.#closed = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
    return child;
  }

  /** Types a line for the prompt of `--repl`. */
  type(line: string): void {
    this.#child?.stdin?.write(`${line}\n`);
  }

  /** Sends a signal without waiting for what comes of it. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Waits for the process to end by itself. */
  async ended(): Promise<End> {
    if (!this.#closed) throw new Error("it does not run");
    const end = await this.#closed;
    this.#child = undefined;
    this.#closed = undefined;
    return end;
  }

  /** Sends a signal and waits for the end of the process. */
  end(signal: NodeJS.Signals): Promise<End> {
    this.signal(signal);
    return this.ended();
  }

  /** The process id of the PostgreSQL of its data folder, be it its own or an orphan; undefined when none runs. */
  async postmaster(): Promise<number | undefined> {
    const text = await readFile(path.join(this.dataDir, "postgres/postmaster.pid"), "utf8").catch(() => "");
    const pid = Number.parseInt(text, 10);
    return pid > 0 && isAlive(pid) && (await isPostmaster(pid, path.join(this.dataDir, "postgres"))) ? pid : undefined;
  }

  /** All processes of the PostgreSQL of its data folder. */
  async postgres(): Promise<number[]> {
    const postmaster = await this.postmaster();
    const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,args="], { maxBuffer: 2 ** 26 });
    const rows = stdout.split("\n").map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row) ?? []);
    const ours = rows.filter(([, , parent, line]) => {
      return (postmaster !== undefined && Number(parent) === postmaster) || line?.includes(`${this.dataDir}/postgres`);
    });
    return ours.map(([, pid]) => Number(pid)).filter(isAlive);
  }

  /** A connection to its PostgreSQL as the owner. */
  async owner(): Promise<pg.Client> {
    const [pidFile, password] = await Promise.all([
      readFile(path.join(this.dataDir, "postgres/postmaster.pid"), "utf8"),
      readFile(path.join(this.dataDir, "postgres.secret"), "utf8"),
    ]);
    const port = Number(pidFile.split("\n")[3]);
    const client = new pg.Client({
      host: "127.0.0.1",
      port,
      user: "waybill",
      password: password.trim(),
      database: "waybill",
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  /** Ends everything, an orphaned PostgreSQL too, and removes the data unless they are another platform's. */
  async remove(): Promise<void> {
    if (this.#child) await this.end("SIGTERM");
    if (this.#surroundings.dataDir !== undefined) return;
    const orphan = await this.postmaster();
    if (orphan !== undefined) {
      process.kill(orphan, "SIGCONT");
      process.kill(orphan, "SIGQUIT");
      await eventually("the orphaned PostgreSQL is gone", () => !isAlive(orphan));
    }
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
