import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stablePorts } from "../ports.ts";
import { BUS_USERS, type NatsServerOptions, natsServerConfig } from "./nats-config.ts";

/** A server program that runs beside us, on 127.0.0.1 and a port that stays the same over restarts. */
export interface Server {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** Ends it and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface NatsServer extends Server {
  /** The connection string of an account. */
  url(account: string): string;
}

export interface RedisServer extends Server {
  readonly url: string;
}

export interface ServerOptions {
  /** Its own data folder; made if missing. */
  readonly dataDir: string;
  /** Where it listened before. */
  readonly port?: number;
  /** What its accounts' passwords are made of; a new one when left out. */
  readonly secret?: string;
  /** Puts it into a process group of its own, which the terminal's Ctrl-C does not reach. */
  readonly detached?: boolean;
  /** Told of the process at once; the start goes on until it listens. */
  readonly spawned?: (child: ChildProcess) => void;
}

/** Where a program is, or undefined when it is not installed. */
export function findProgram(name: "nats-server" | "redis-server"): string | undefined {
  const { status, stdout } = spawnSync("sh", ["-c", `command -v ${name}`], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/usr/local/sbin` },
  });
  return status === 0 ? stdout.trim() : undefined;
}

export interface NatsOptions extends ServerOptions {
  /** Accounts for nodes that run several services, beside those that there always are. */
  readonly accounts?: readonly string[];
}

/** Starts a nats-server with JetStream, in which every service has an account of its own. */
export async function startNats(options: NatsOptions): Promise<NatsServer> {
  const { dataDir, port, secret = newSecret(), accounts = [], ...more } = options;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const chosen = port ?? (await freePort());
  const passwords = Object.fromEntries([...BUS_USERS, ...accounts].map((name) => [name, `${secret}-${name}`]));
  const file = path.join(dataDir, "nats.conf");
  const config = natsServerConfig({
    host: "127.0.0.1",
    port: chosen,
    storeDir: path.join(dataDir, "jetstream"),
    passwords: passwords as NatsServerOptions["passwords"],
  });
  await writeFile(file, config, { mode: 0o600 });
  const server = await run("nats-server", ["-c", file], chosen, more);
  return { ...server, url: (account) => `nats://${account}:${passwords[account]}@127.0.0.1:${chosen}` };
}

/** Starts a redis-server that keeps nothing on the disk: everything in it can be made again. */
export async function startRedis({
  dataDir,
  port,
  secret = newSecret(),
  ...more
}: ServerOptions): Promise<RedisServer> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const chosen = port ?? (await freePort());
  const file = path.join(dataDir, "redis.conf");
  const lines = [
    "bind 127.0.0.1",
    `port ${chosen}`,
    `dir ${JSON.stringify(dataDir)}`,
    `requirepass ${secret}`,
    'save ""',
    "appendonly no",
  ];
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  const server = await run("redis-server", [file], chosen, more);
  return { ...server, url: `redis://:${secret}@127.0.0.1:${chosen}` };
}

async function run(
  name: "nats-server" | "redis-server",
  args: readonly string[],
  port: number,
  { detached = false, spawned }: Pick<ServerOptions, "detached" | "spawned">,
): Promise<Server> {
  const program = findProgram(name);
  if (!program) throw new Error(`${name} is not installed`);
  const child = spawn(program, args, { detached, stdio: ["ignore", "pipe", "pipe"] });
  spawned?.(child);
  let said = "";
  const keep = (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-4_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  for (const deadline = Date.now() + 10_000; ; await sleep(10)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} did not start:\n${said}`);
    if (await answers(port)) break;
    if (Date.now() < deadline) continue;
    child.kill("SIGKILL");
    throw new Error(`${name} did not listen on port ${port} within ten seconds:\n${said}`);
  }
  return {
    name,
    port,
    child,
    async stop(signal = "SIGTERM") {
      child.kill("SIGCONT");
      child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}

/** One that stays free while the server is away for a moment: its clients try to reach it all the while. */
async function freePort(): Promise<number> {
  const [port] = (await stablePorts(1)) as [number];
  return port;
}

function newSecret(): string {
  return randomBytes(18).toString("base64url");
}
