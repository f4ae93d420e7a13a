import { availableParallelism, cpus, loadavg } from "node:os";
import type { BenchServer } from "./bench-server.ts";
import { sort } from "./statistics.ts";

/** What the figures were measured on. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly node: string;
  readonly postgres: string;
  /** How many processes ran or waited in the minute before; much above 0 somebody else was at work too. */
  readonly load: number;
  /** What one commit takes that is alone, in ms; the disk's share is nearly all of it. */
  readonly commitMs: number;
}

const COMMITS = 200;

export async function describeMachine(server: BenchServer): Promise<Machine> {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? "",
    node: process.versions.node,
    postgres: server.version,
    load: loadavg()[0] as number,
    commitMs: await loneCommit(server),
  };
}

async function loneCommit(server: BenchServer): Promise<number> {
  await using database = await server.baselineDatabase();
  const times: number[] = [];
  for (let i = 0; i < COMMITS; i += 1) {
    const since = performance.now();
    await database.owner.query({
      name: "commit",
      text: "insert into events (order_id, type, payload) values ($1, 'commit', '{}')",
      values: [i],
    });
    times.push(performance.now() - since);
  }
  return sort(times)[COMMITS / 2] as number;
}

export function machineLine({ cores, processor, node, postgres, load, commitMs }: Machine): string {
  const parts = `${cores} cores (${processor}), Node ${node}, PostgreSQL ${postgres}; a lone commit takes ${commitMs.toFixed(2)} ms`;
  return `${parts}; load ${load.toFixed(1)} before the start`;
}
