import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { Client } from "./client.ts";
import { pause } from "./waiting.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

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

/** The embedded profile as a user starts it: `scripts/start.ts` in a process of its own, on a data folder of its own. */
export class PlatformProcess {
  readonly dataDir: string;
  readonly port: number;
  readonly url: string;
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;
  output = "";

  private constructor(dataDir: string, port: number, env: Record<string, string>) {
    this.dataDir = dataDir;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#env = env;
  }

  static async make(env: Record<string, string> = {}): Promise<PlatformProcess> {
    return new PlatformProcess(await mkdtemp(path.join(tmpdir(), "waybill-e2e-")), await freePort(), env);
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

  /** Starts it without waiting. */
  spawn(args: readonly string[] = []): ChildProcess {
    const child = spawn(process.execPath, [path.join(ROOT, "scripts/start.ts"), ...args], {
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
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer) => {
      this.output += chunk.toString("utf8");
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    this.#child = child;
    return child;
  }

  /** Sends a signal and waits for the end of the process. */
  async end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const child = this.#child;
    if (!child) throw new Error("it does not run");
    this.#child = undefined;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill(signal);
      await ended;
    }
    return { code: child.exitCode, signal: child.signalCode };
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

  /** Ends everything and removes the data. */
  async remove(): Promise<void> {
    if (this.#child) await this.end("SIGTERM");
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
