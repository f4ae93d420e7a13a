import type { BenchServer } from "./bench-server.ts";
import type { FigureName } from "./figures.ts";
import type { Goal } from "./goals.ts";
import type { Options } from "./options.ts";

/** What one run of a side has come to. */
export type Figures = Readonly<Partial<Record<FigureName, number>>>;

/** What a run is given. */
export interface Bench {
  readonly server: BenchServer;
  readonly options: Options;
  /** A folder for logs and data of runs; it goes with the bench. */
  readonly dir: string;
  /** Where this run's profile goes, without its ending; undefined when none is wanted. */
  readonly profile?: string;
}

/** The platform, or what it is held against. */
export interface Side {
  readonly name: string;
  /** The side of the same round that it is held against. */
  readonly against?: string;
  readonly goals?: readonly Goal[];
  /** It takes so long that it is run in the first round alone. */
  readonly once?: true;
  /** Throws {@link Refused} when the result must not count, {@link Unavailable} when it cannot be run here. */
  run(bench: Bench): Promise<Figures>;
}

/** What is measured. In every round its sides run one after the other. */
export interface Scenario {
  readonly name: string;
  /** In a line, for the table. */
  readonly what: string;
  readonly sides: readonly Side[];
}

/** A run whose figures must not count, and why. */
export class Refused extends Error {
  override name = "Refused";
}

/** What a side needs is not on this machine. */
export class Unavailable extends Error {
  override name = "Unavailable";
}
