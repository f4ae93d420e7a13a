import { fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Config, DomainName } from "../../platform/config.ts";
import { writeEncryptionKeys } from "../../platform/sealing/encryption-keys.ts";
import { NODE_FLAGS } from "../node-flags.ts";
import type { Launch, Spawned } from "./kept.ts";
import type { PlannedNode } from "./plan.ts";

const RUN_NODE = path.join(import.meta.dirname, "../run-node.ts");
/** Longer than a node gives itself, in ms. */
const STOP_MS = 14_000;

/** What the nodes of a cluster are connected to. */
export interface Surroundings {
  /** The connection string of an account of the bus. */
  readonly natsUrl: (user: PlannedNode["service"]) => string;
  readonly redisUrl: string;
  readonly databases: Readonly<Record<DomainName, string>>;
  readonly encryptionKeys: Config["encryptionKeys"];
  /** What all nodes have in their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where Node keeps what it has compiled: with that a node starts in half the time. */
  readonly compileCache: string;
  /** Where each node's log is kept. */
  readonly logDir: string;
}

/** How a node is started: as `npm run node` does, with its `SERVICES` in its environment. */
export function nodeLauncher(node: PlannedNode, surroundings: Surroundings): Launch {
  return async (spawned) => {
    const file = logFile(surroundings.logDir, node.name);
    const log = openSync(file, "a", 0o600);
    const { size } = fstatSync(log);
    const child = fork(RUN_NODE, [], {
      execArgv: NODE_FLAGS,
      env: environmentOf(node, surroundings),
      // In a process group of its own: the terminal's Ctrl-C is for the cluster, which stops its nodes in order.
      detached: true,
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    const ready = once(child, "message").catch(() => {});
    if (child.pid !== undefined) spawned({ pid: child.pid, ended, ...endings(child.pid, ended) });
    const why = await Promise.race([ready.then(() => undefined), ended]);
    if (why)
      throw new Error(`${node.name} has ended (${why}) before it was ready. In ${file}:\n${lastWords(file, size)}`);
  };
}

export function logFile(logDir: string, name: string): string {
  return path.join(logDir, `${name}.log`);
}

/** What a node has said as the last thing: why it has not started, or the end of its log. */
function lastWords(file: string, from: number): string {
  const lines = readFileSync(file).subarray(from).toString("utf8").trim().split("\n");
  const words = lines.filter((line) => line.trim() !== "" && !line.startsWith("{"));
  return (words.length > 0 ? words : lines)
    .slice(-12)
    .map((line) => `    ${line.slice(0, 300)}`)
    .join("\n");
}

function environmentOf({ name, service, port }: PlannedNode, surroundings: Surroundings): Record<string, string> {
  const { natsUrl, redisUrl, databases, encryptionKeys, compileCache, env } = surroundings;
  const keys = service in encryptionKeys && encryptionKeys[service as keyof typeof encryptionKeys];
  return {
    NODE_COMPILE_CACHE: compileCache,
    ...env,
    SERVICES: service,
    NODE_ID: name,
    NATS_URL: natsUrl(service),
    REDIS_URL: redisUrl,
    // Of its own database alone: no node can open another domain's.
    ...(service !== "api" && { [`${service.toUpperCase()}_DATABASE_URL`]: databases[service] }),
    ...(keys && { [`${service.toUpperCase()}_ENCRYPTION_KEYS`]: writeEncryptionKeys(keys) }),
    ...(port !== undefined && { PORT: String(port) }),
  };
}

function endings(pid: number, ended: Promise<unknown>): Pick<Spawned, "stop" | "kill"> {
  const send = (signal: NodeJS.Signals) => {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  };
  return {
    async stop() {
      // One that is suspended hears nothing before it goes on.
      send("SIGCONT");
      send("SIGTERM");
      const timer = setTimeout(() => send("SIGKILL"), STOP_MS);
      await ended;
      clearTimeout(timer);
    },
    kill: () => send("SIGKILL"),
  };
}
