import type { Usage } from "./answering.ts";
import type { BenchServer, ServerUsage } from "./bench-server.ts";
import type { Child } from "./child.ts";
import type { WindowSummary } from "./generator/samples.ts";
import { familyCpuMicros } from "./processes.ts";
import { type Bench, type Figures, Refused } from "./scenario.ts";
import { sumOfTraffic, type Traffic } from "./traffic.ts";

/** The processes that take part in a run. */
export interface Parts {
  readonly server?: BenchServer;
  /** What is measured: the platform's processes, or a baseline's. */
  readonly nodes?: readonly Child[];
  /** Whether these count their traffic with PostgreSQL. */
  readonly traffic?: boolean;
  /** The process ids of NATS and Redis. */
  readonly bus?: readonly number[];
  readonly generator?: Child;
}

/** Who times the answers. */
export interface Source {
  /** Begins a window. */
  begin(): Promise<void>;
  /** What was answered since. */
  end(): Promise<WindowSummary>;
}

/** What the parts have used so far. */
export interface Snapshot {
  /** Of all nodes together. */
  readonly nodes?: Usage;
  readonly generator?: Usage;
  readonly server?: ServerUsage;
  readonly traffic?: Traffic;
  readonly busMicros?: number;
}

export async function snapshot({ server, nodes, traffic, bus, generator }: Parts): Promise<Snapshot> {
  const [ofNodes, ofTraffic, ofGenerator, ofServer] = await Promise.all([
    nodes && Promise.all(nodes.map((node) => node.ask<Usage>("usage"))),
    traffic && nodes ? Promise.all(nodes.map((node) => node.ask<Traffic>("traffic"))) : undefined,
    generator?.ask<Usage>("usage"),
    server?.usage(),
  ]);
  return {
    ...(ofNodes && { nodes: sumOfUsage(ofNodes) }),
    ...(ofTraffic && { traffic: sumOfTraffic(ofTraffic) }),
    ...(ofGenerator && { generator: ofGenerator }),
    ...(ofServer && { server: ofServer }),
    ...(bus && bus.length > 0 && { busMicros: bus.reduce((sum, pid) => sum + familyCpuMicros(pid), 0) }),
  };
}

function sumOfUsage(usages: readonly Usage[]): Usage {
  const sum = (name: keyof Usage) => usages.reduce((total, usage) => total + usage[name], 0);
  return { cpuMicros: sum("cpuMicros"), maxRssBytes: sum("maxRssBytes") };
}

/** What one operation has cost between two snapshots. */
export function costs(before: Snapshot, after: Snapshot, operations: number): Figures {
  const each = (from: number | undefined, to: number | undefined) => ((to ?? 0) - (from ?? 0)) / operations;
  const cpuNode = each(before.nodes?.cpuMicros, after.nodes?.cpuMicros);
  const cpuGenerator = each(before.generator?.cpuMicros, after.generator?.cpuMicros);
  const cpuPostgres = each(before.server?.cpuMicros, after.server?.cpuMicros);
  const cpuBus = each(before.busMicros, after.busMicros);
  return {
    cpu: cpuNode + cpuGenerator + cpuPostgres + cpuBus,
    ...(after.nodes && { cpuNode, rssMb: after.nodes.maxRssBytes / 2 ** 20 }),
    ...(after.generator && { cpuGenerator }),
    ...(after.server && {
      cpuPostgres,
      walBytes: each(before.server?.walBytes, after.server.walBytes),
      fsyncs: each(before.server?.fsyncs, after.server.fsyncs),
    }),
    ...(after.busMicros !== undefined && { cpuBus }),
    ...(after.traffic && {
      transactions: each(before.traffic?.transactions, after.traffic.transactions),
      statements: each(statements(before.traffic), statements(after.traffic)),
      roundTrips: each(before.traffic?.roundTrips, after.traffic.roundTrips),
    }),
  };
}

function statements(traffic: Traffic | undefined): number {
  return Object.values(traffic?.statements ?? {}).reduce((sum, count) => sum + count, 0);
}

/**
 * Measures work that goes on: lets it warm up, then takes what is answered within the window. Every answer of the
 * window must have the status, or the figures are refused; several kinds of requests have a status each.
 */
export async function measureWindow(
  { options, profile }: Bench,
  source: Source,
  parts: Parts,
  status: number | Readonly<Record<string, number>>,
): Promise<{ window: WindowSummary; figures: Figures }> {
  await pause(options.warmupSeconds * 1_000);
  const before = await snapshot(parts);
  await source.begin();
  const window = await profiled(parts.nodes, profile, async () => {
    await pause(options.seconds * 1_000);
    return source.end();
  });
  const after = await snapshot(parts);
  if (typeof status === "number") assertOnly(window.statuses, status);
  else for (const [kind, one] of Object.entries(status)) assertOnly(window.kinds[kind]?.statuses ?? {}, one, kind);
  const { seconds, count, p50, p99 } = window;
  return { window, figures: { perSecond: count / seconds, p50, p99, ...costs(before, after, count) } };
}

/** Does something while the processes are profiled, where profiles are wanted; those after the first get a number. */
export async function profiled<T>(
  nodes: readonly Child[] | undefined,
  profile: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!nodes || profile === undefined) return work();
  await Promise.all(nodes.map((node) => node.ask("startProfile")));
  const result = await work();
  const file = (i: number) => `${profile}${i > 0 ? `-node-${i + 1}` : ""}.cpuprofile`;
  await Promise.all(nodes.map((node, i) => node.ask("stopProfile", file(i))));
  return result;
}

/** Refuses figures of which some answers were others than expected. */
export function assertOnly(statuses: Readonly<Record<number, number>>, expected: number, kind?: string): void {
  const others = Object.entries(statuses).filter(([status]) => Number(status) !== expected);
  if (others.length === 0 && (statuses[expected] ?? 0) > 0) return;
  const told = others.map(([status, count]) => `${count} x ${status === "0" ? "connection lost" : status}`);
  throw new Refused(
    `not all answers${kind === undefined ? "" : ` to ${kind}`} were ${expected}: ${told.join(", ") || "there were none"}`,
  );
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
