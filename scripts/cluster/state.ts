import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ServiceName } from "../../platform/config.ts";

/** A process of the cluster. The mark tells it from another one that gets its pid later. */
export interface RunningProcess {
  readonly pid: number;
  readonly started?: string | undefined;
}

export interface NodeState extends RunningProcess {
  /** `orders-1`; its id on the bus is `orders.orders-1`. */
  readonly name: string;
  readonly services: readonly ServiceName[];
}

export interface ServerState extends RunningProcess {
  readonly port: number;
}

/**
 * What `npm run cluster` keeps of itself: how to join it, what runs, and the ports and secrets that it takes again at
 * its next start. Nodes and servers are those that run; while one is down, and after a stop, it is not among them.
 */
export interface ClusterState {
  /** The cluster's own process, and the boot of the machine that all pids are of. */
  readonly pid: number;
  readonly boot?: string | undefined;
  /** For the operators' prompt: the bus by the account `operator`. */
  readonly natsUrl: string;
  readonly redisUrl: string;
  /** Where the gateways listen. */
  readonly gateways: readonly string[];
  readonly nodes: readonly NodeState[];
  readonly servers: {
    readonly nats?: ServerState | undefined;
    readonly redis?: ServerState | undefined;
    readonly postgres?: ServerState | undefined;
  };
  /** Taken again at the next start, so that nodes find their servers after a restart. */
  readonly ports: { readonly nats: number; readonly redis: number; readonly postgres: number };
  /** What the passwords of the bus's accounts and of Redis are made of. */
  readonly secrets: { readonly nats: string; readonly redis: string };
}

const FILE = "cluster.json";

/** The state of the cluster of a data folder, running or not; undefined when there never was one. */
export function readState(dataDir: string): ClusterState | undefined {
  try {
    return JSON.parse(readFileSync(path.join(dataDir, FILE), "utf8")) as ClusterState;
  } catch (error) {
    // A power loss may leave half a file; what is in it can be chosen anew.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Writes the state so that it is there whole or not at all, and for its owner alone. At once and not later: a process
 * that was started and is not in it is not found again after a SIGKILL.
 */
export function writeState(dataDir: string, state: ClusterState): void {
  const file = path.join(dataDir, FILE);
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
