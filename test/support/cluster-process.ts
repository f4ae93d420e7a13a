import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import type { ServiceName } from "../../platform/config.ts";
import { isPostmaster, readPidFile } from "../../platform/embedded-postgres/pid-file.ts";
import { isAlive } from "../../platform/embedded-postgres/processes.ts";
import { endLeftovers } from "../../scripts/cluster/leftovers.ts";
import { type ClusterState, readState } from "../../scripts/cluster/state.ts";
import { isPortFree } from "../../scripts/ports.ts";
import { Client } from "./client.ts";
import { type End, ROOT } from "./process.ts";
import { eventually, pause } from "./waiting.ts";

/** A first start makes a database and starts eighteen nodes on a machine that is busy with other tests. */
const START_MS = 120_000;

/** A cluster as a user starts it: `scripts/cluster.ts` in a process of its own, on a data folder of its own. */
export class ClusterProcess {
  readonly dataDir: string;
  /** Of the first gateway; the next one has the next. */
  readonly port: number;
  readonly #env: Record<string, string>;
  readonly #ownsData: boolean;
  #child: ChildProcess | undefined;
  #closed: Promise<End> | undefined;
  /** What the process, or the last one, has said. */
  output = "";

  private constructor(dataDir: string, port: number, env: Record<string, string>, ownsData: boolean) {
    this.dataDir = dataDir;
    this.port = port;
    this.#env = env;
    this.#ownsData = ownsData;
  }

  /** @param of a data folder that belongs to another one, and the port of its first gateway */
  static async make(
    env: Record<string, string> = {},
    of: { readonly dataDir?: string; readonly port?: number } = {},
  ): Promise<ClusterProcess> {
    const dataDir = of.dataDir ?? (await mkdtemp(path.join(tmpdir(), "waybill-cluster-")));
    return new ClusterProcess(dataDir, of.port ?? (await twoPorts()), env, of.dataDir === undefined);
  }

  /** Where the first gateway listens. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Where all gateways listen. */
  get urls(): readonly string[] {
    return this.state().gateways;
  }

  /** Of the cluster's own process, undefined when none runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What the cluster keeps of itself. Throws when it has never run. */
  state(): ClusterState {
    const state = readState(this.dataDir);
    if (!state) throw new Error(`no cluster has run in ${this.dataDir}`);
    return state;
  }

  /** The processes that run a service now. */
  pidsOf(service: ServiceName): number[] {
    return this.state()
      .nodes.filter(({ services }) => services.includes(service))
      .map(({ pid }) => pid);
  }

  /** All nodes and servers that run now. */
  pids(): number[] {
    const { nodes, servers } = this.state();
    return [...nodes, ...Object.values(servers)].flatMap((found) => found?.pid ?? []);
  }

  /** Starts it and waits until it has printed its map. */
  async start(): Promise<void> {
    const child = this.spawn();
    for (const end = Date.now() + START_MS; !this.output.includes("is ready after"); await pause(25)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it did not start:\n${this.output}`);
      if (Date.now() > end) throw new Error(`not ready in time:\n${this.output}`);
    }
  }

  /** Starts it without waiting. */
  spawn(): ChildProcess {
    this.output = "";
    const child = spawn(process.execPath, [path.join(ROOT, "scripts/cluster.ts")], {
      env: {
        PATH: process.env.PATH ?? "",
        PORT: String(this.port),
        DATA_DIR: this.dataDir,
        LOG_LEVEL: "warn",
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
    // Not at its exit: what it has said as the last thing would be missing.
    this.#closed = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
    return child;
  }

  /** Sends a signal to one of its processes, or to the cluster's own, and does not wait for what comes of it. */
  kill(pid: number | undefined, signal: NodeJS.Signals): void {
    if (pid !== undefined) process.kill(pid, signal);
  }

  /** Waits for the cluster's own process to end by itself. */
  async ended(): Promise<End> {
    if (!this.#closed) throw new Error("it does not run");
    const end = await this.#closed;
    this.#child = undefined;
    this.#closed = undefined;
    return end;
  }

  /** Sends the cluster's own process a signal and waits for its end. */
  end(signal: NodeJS.Signals): Promise<End> {
    this.#child?.kill(signal);
    return this.ended();
  }

  /** A client of the fixtures at one of the gateways. */
  client(id = "demo-shop", gateway = 0): Promise<Client> {
    return new Client(this.urls[gateway] ?? this.url).as(id);
  }

  /** A connection to its PostgreSQL as the owner, while that runs. */
  async owner(): Promise<pg.Client> {
    const password = await readFile(path.join(this.dataDir, "postgres.secret"), "utf8");
    const client = new pg.Client({
      host: "127.0.0.1",
      port: this.state().ports.postgres,
      user: "waybill",
      password: password.trim(),
      database: "waybill",
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  /** Ends everything, also what it has left behind, and removes the data unless they are another one's. */
  async remove(): Promise<void> {
    if (this.#child) await this.end("SIGTERM");
    if (!this.#ownsData) return;
    await endLeftovers(readState(this.dataDir));
    const pgdata = path.join(this.dataDir, "postgres");
    const pid = (await readPidFile(pgdata))?.pid;
    if (pid && isAlive(pid) && (await isPostmaster(pid, pgdata))) {
      process.kill(pid, "SIGCONT");
      process.kill(pid, "SIGQUIT");
      await eventually("the orphaned PostgreSQL is gone", () => !isAlive(pid));
    }
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/**
 * A port that is free with the one after it: out of a range that no other worker of the tests takes ports from, nor the
 * clusters for their servers.
 */
async function twoPorts(): Promise<number> {
  const from = 12_000 + 500 * (Number(process.env.JEST_WORKER_ID ?? 0) % 16);
  for (;;) {
    const port = from + 2 * Math.floor(Math.random() * 250);
    if ((await isPortFree(port)) && (await isPortFree(port + 1))) return port;
  }
}
