import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { START_FLAGS } from "../node-flags.ts";
import { DemoFailure } from "./story.ts";

const START = path.join(import.meta.dirname, "../start.ts");
/** A first start makes a database; a start after a crash may recover one. */
const READY_MS = 120_000;
/** How long a platform that answers may take to become ready. */
const WAIT_MS = 20_000;
/** Longer than the platform gives itself. */
const STOP_MS = 20_000;

/** A platform to show things on. */
export interface Platform {
  readonly url: string;
  /** Whether the demo has started it, and so is alone on it. */
  readonly own: boolean;
  /** How long its carrier may take for a parcel, beyond what everything else takes, in ms; as far as it is known. */
  readonly carrierMs: number;
  stop(): Promise<void>;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The platform that answers at `url`, or else at the address that the settings name; otherwise one of our own. */
export async function findOrStart(url: string | undefined, env: Env, signal: AbortSignal): Promise<Platform> {
  const address = url ?? standardUrl(env);
  if (address !== undefined && (await isThere(address, signal))) {
    return { url: address, own: false, carrierMs: 0, stop: async () => {} };
  }
  if (url !== undefined) throw new DemoFailure(`Nobody answers at ${url}.`);
  return start(env, signal);
}

/** Where `npm start` listens with these settings; undefined where that is not known before it does. */
function standardUrl(env: Env): string | undefined {
  const port = env.PORT || "3000";
  const host = env.HOST || "127.0.0.1";
  // To listen everywhere is no address to go to.
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  const url = `http://${name}:${port}`;
  return port !== "0" && URL.canParse(url) ? url : undefined;
}

/** Whether a platform is at an address; waits for one that is not ready yet. Throws when it is something else. */
async function isThere(url: string, signal: AbortSignal): Promise<boolean> {
  for (const end = Date.now() + WAIT_MS; ; await sleep(250, undefined, { signal })) {
    const found = await ask(url, signal);
    if (found === undefined) return false;
    if (typeof found !== "object" || found === null || !("dependencies" in found)) {
      throw new DemoFailure(
        `At ${url} answers something that is no Waybill. Take another port: PORT=3001 npm run demo`,
      );
    }
    const { status, dependencies } = found as HealthReport;
    if (status === "up") return true;
    if (Date.now() < end) continue;
    const down = Object.entries(dependencies).flatMap(([name, one]) => (one.status === "up" ? [] : name));
    throw new DemoFailure(
      `The platform at ${url} is not ready. Down: ${down.join(", ") || "the gateway, which stops"}.`,
    );
  }
}

interface HealthReport {
  readonly status: string;
  readonly dependencies: Readonly<Record<string, { readonly status: string }>>;
}

/** What somebody at an address says of being ready; undefined when nobody listens. */
async function ask(url: string, signal: AbortSignal): Promise<unknown> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(3_000)]);
    const response = await fetch(`${url}/health/ready`, { signal: limit });
    return await response.json().catch(() => null);
  } catch (error) {
    signal.throwIfAborted();
    const code = ((error as Error).cause as { code?: string } | undefined)?.code;
    return code === "ECONNREFUSED" ? undefined : null;
  }
}

async function start(env: Env, signal: AbortSignal): Promise<Platform> {
  const pickup = env.CARRIER_PICKUP_MS || "1500";
  const delivery = env.CARRIER_DELIVERY_MS || "1000";
  const child = spawn(process.execPath, [...START_FLAGS, START], {
    // The demo waits for the parcels, so they must move by themselves.
    env: {
      LOG_LEVEL: "warn",
      ...env,
      CARRIER: "sandbox",
      CARRIER_PICKUP_MS: pickup,
      CARRIER_DELIVERY_MS: delivery,
    },
    stdio: ["ignore", "pipe", "pipe"],
    // In a process group of its own: the terminal's Ctrl-C would reach it beside our own signal, and asked twice it
    // leaves without stopping PostgreSQL.
    detached: true,
  });
  const ended = once(child, "exit").catch(() => []);
  const said: string[] = [];
  const url = new Promise<string>((resolve) => {
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding("utf8").on("data", (text: string) => {
        said.push(text);
        const found = /REST API\s+(\S+)\/api\/v1/.exec(said.join(""));
        if (found) resolve(found[1] as string);
      });
    }
  });
  const known = new AbortController();
  try {
    // A timer that is left behind would keep the process for its whole time.
    const late = sleep(READY_MS, "late", { signal: AbortSignal.any([signal, known.signal]) });
    const outcome = await Promise.race([url, ended.then(() => "ended"), late]);
    if (outcome === "ended")
      throw new DemoFailure(`The platform did not start. It said:\n\n${tail(said)}${hint(said)}`);
    if (outcome === "late") throw new DemoFailure(`The platform was not ready within ${READY_MS / 1_000} s.`);
    // A pipe that nobody reads would stop the platform once it is full; what it says is of no interest any more.
    said.length = 0;
    child.stdout.removeAllListeners("data").resume();
    return {
      url: outcome,
      own: true,
      carrierMs: Number(pickup) + Number(delivery),
      stop: () => stop(child, ended),
    };
  } catch (error) {
    await stop(child, ended);
    throw error;
  } finally {
    known.abort();
  }
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const outcome = await Promise.race([ended, sleep(STOP_MS, "late", { ref: false })]);
  if (outcome === "late") child.kill("SIGKILL");
}

function tail(said: readonly string[]): string {
  return said
    .join("")
    .trim()
    .split("\n")
    .slice(-20)
    .map((line) => `    ${line}`)
    .join("\n");
}

/** The folder may be in the hands of a platform at another address. */
function hint(said: readonly string[]): string {
  const holder = /in use by .* answers on (http\S+?)\.?\s/.exec(`${said.join("")} `);
  return holder ? `\n\nTo show things there: npm run demo -- --url ${holder[1]}` : "";
}
