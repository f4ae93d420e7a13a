import { bootId, isAlive, startMark, within } from "../../platform/embedded-postgres/processes.ts";
import type { ClusterState, RunningProcess } from "./state.ts";

/** How long NATS may take to write its files, in ms. */
const GRACE_MS = 5_000;

/**
 * Ends what a cluster has left behind that was killed: its servers, and nodes that had no time yet to notice or are
 * suspended. PostgreSQL is not among them: it is adopted. A pid counts only with the start of the process that had it
 * then.
 */
export async function endLeftovers(state: ClusterState | undefined): Promise<void> {
  if (!state || state.boot !== (await bootId())) return;
  const { nats, redis } = state.servers;
  const nodes = await stillThere(state.nodes);
  const servers = await stillThere([nats, redis].filter((server) => server !== undefined));
  // Nodes first and at once, as they would be cut off anyway.
  await end(nodes, "SIGKILL");
  await end(servers, "SIGTERM");
}

async function stillThere(processes: readonly RunningProcess[]): Promise<number[]> {
  const found = await Promise.all(
    processes.map(async ({ pid, started }) => isAlive(pid) && started === (await startMark(pid))),
  );
  return processes.flatMap(({ pid }, index) => (found[index] ? pid : []));
}

async function end(pids: readonly number[], signal: NodeJS.Signals): Promise<void> {
  const alive = () => pids.filter(isAlive);
  const send = (what: NodeJS.Signals) => {
    for (const pid of alive()) process.kill(pid, what);
  };
  // One that is suspended hears nothing before it goes on.
  send("SIGCONT");
  send(signal);
  if (await within(GRACE_MS, () => alive().length === 0)) return;
  send("SIGKILL");
  if (await within(GRACE_MS, () => alive().length === 0)) return;
  throw new Error(`Processes ${alive().join(", ")}, which an earlier cluster has left behind, cannot be ended.`);
}
