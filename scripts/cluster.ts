import { setTimeout as sleep } from "node:timers/promises";
import { type DataDirLock, lockDataDir } from "../platform/embedded-postgres.ts";
import { banner } from "./banner.ts";
import { endLeftovers } from "./cluster/leftovers.ts";
import { LocalCluster } from "./cluster/local-cluster.ts";
import { clusterMap } from "./cluster/map.ts";
import { choosePlaces } from "./cluster/places.ts";
import { planNodes } from "./cluster/plan.ts";
import { ensurePrograms } from "./cluster/programs.ts";
import { readClusterSettings } from "./cluster/settings.ts";
import { readState } from "./cluster/state.ts";
import { explain, stopOnSignals } from "./lifecycle.ts";
import { assertPortFree } from "./ports.ts";

/** Gateways, nodes and servers after each other, each as long as it may take. */
const STOP_MS = 45_000;
/** How long the domains may take to find each other once all nodes run. */
const READY_MS = 60_000;

/** What a start has taken so far, in the order of taking. */
interface Held {
  lock?: DataDirLock;
  cluster?: LocalCluster;
}

/** A whole cluster on this machine: its servers, two nodes a domain and two gateways, each a process of its own. */
async function main(): Promise<void> {
  const held: Held = {};
  let starting: Promise<void> | undefined;
  const release = async () => {
    // What is being started hears of it by being stopped; what it was about to start next it does not.
    await held.cluster?.stop();
    await Promise.allSettled([starting]);
    await held.cluster?.stop();
    await held.lock?.release();
  };
  const { stop, stopping } = stopOnSignals(release, () => held.cluster?.kill(), STOP_MS);
  try {
    starting = start(held, stopping);
    await starting;
  } catch (error) {
    if (stopping.aborted) return;
    process.stderr.write(`\nThe cluster did not start: ${explain(error)}\n`);
    stop(1);
  }
}

async function start(held: Held, stopping: AbortSignal): Promise<void> {
  const began = performance.now();
  const settings = readClusterSettings();
  const { dataDir, http } = settings;
  held.lock = await lockDataDir(dataDir);
  await endLeftovers(readState(dataDir));
  const nodes = await planNodes(settings);
  for (const { port } of nodes) {
    if (port !== undefined) await assertPortFree({ host: http.host, port }, "npm run cluster");
  }
  await ensurePrograms({ dataDir, log: say });
  stopping.throwIfAborted();
  say(`Starting NATS, Redis, PostgreSQL and ${nodes.length} nodes on ${dataDir} ...`);
  held.cluster = new LocalCluster({ settings, places: await choosePlaces(dataDir), nodes, report });
  await held.cluster.start(stopping);
  const gateways = nodes.flatMap(({ url }) => url ?? []);
  for (const gateway of gateways) await readiness(gateway, stopping);
  const [url] = gateways as [string];
  await held.lock.describe({ url });
  process.stdout.write(`\n${clusterMap(held.cluster.map())}`);
  process.stdout.write(`\n  Each has its log in ${dataDir}/logs. What dies is started again after a second.\n`);
  process.stdout.write("  npm run repl, with the same DATA_DIR, joins it with a prompt for operators.\n");
  process.stdout.write(banner({ url, dataDir, seconds: (performance.now() - began) / 1_000 }));
}

/** Waits until a gateway has found all domains. */
async function readiness(url: string, stopping: AbortSignal): Promise<void> {
  for (const end = Date.now() + READY_MS; ; await sleep(50, undefined, { signal: stopping })) {
    const response = await fetch(`${url}/health/ready`, { signal: stopping }).catch(() => undefined);
    if (response?.status === 200) return;
    const said = await response?.text();
    if (Date.now() > end) throw new Error(`the gateway at ${url} is not ready after a minute: ${said ?? "no answer"}`);
  }
}

function report(line: string): void {
  say(`${new Date().toISOString().slice(11, 19)} ${line}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
