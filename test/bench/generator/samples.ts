import { percentile, sort } from "../statistics.ts";

/** What a window saw of the requests of one kind; times are in ms. */
export interface KindSummary {
  /** How many were answered, by status; 0 stands for a lost connection. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

/** What was answered within a window. */
export interface WindowSummary extends KindSummary {
  readonly seconds: number;
  /** By the kind that each request says of itself. */
  readonly kinds: Readonly<Record<string, KindSummary>>;
}

/** Every answer's time, kept whole: percentiles are of what was, not of buckets. */
export class Samples {
  #since = performance.now();
  readonly #all: Record<number, number> = {};
  readonly #kinds = new Map<string, { times: number[]; statuses: Record<number, number> }>();

  /** How many were answered since the making of this, by status. */
  get statuses(): Readonly<Record<number, number>> {
    return this.#all;
  }

  add(kind: string, status: number, milliseconds: number): void {
    let known = this.#kinds.get(kind);
    if (!known) {
      known = { times: [], statuses: {} };
      this.#kinds.set(kind, known);
    }
    known.times.push(milliseconds);
    known.statuses[status] = (known.statuses[status] ?? 0) + 1;
    this.#all[status] = (this.#all[status] ?? 0) + 1;
  }

  /** Begins a window. What there was before is not looked at: sorting it would hold up what is due. */
  begin(): void {
    this.#kinds.clear();
    this.#since = performance.now();
  }

  /** What there was since the window began. */
  end(): WindowSummary {
    const seconds = (performance.now() - this.#since) / 1_000;
    const kinds = [...this.#kinds];
    const statuses: Record<number, number> = {};
    for (const [, { statuses: some }] of kinds) {
      for (const [status, count] of Object.entries(some)) {
        statuses[Number(status)] = (statuses[Number(status)] ?? 0) + count;
      }
    }
    return {
      seconds,
      ...summarise(
        kinds.flatMap(([, { times }]) => times),
        statuses,
      ),
      kinds: Object.fromEntries(kinds.map(([kind, { times, statuses: some }]) => [kind, summarise(times, some)])),
    };
  }
}

function summarise(times: readonly number[], statuses: Record<number, number>): KindSummary {
  const sorted = sort(times);
  return {
    statuses,
    count: sorted.length,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  };
}
