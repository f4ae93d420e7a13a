import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface Options {
  /** The scenarios' names; when there are none, those that are run without being asked for. */
  readonly scenarios: readonly string[];
  /** Whether all are run. */
  readonly all: boolean;
  readonly quick: boolean;
  readonly rounds: number;
  /** How long each run is measured. */
  readonly seconds: number;
  /** How long each run goes on before that. */
  readonly warmupSeconds: number;
  /** Where the result is written. */
  readonly out?: string;
  /** A folder for profiles of the platform while it is measured, for `--cpu-prof`'s readers. */
  readonly profile?: string;
}

export const USAGE = `npm run bench -- [scenario...] [--all] [--quick] [--rounds 3] [--seconds 5] [--warmup 2]
              [--out file.json] [--profile folder]
  --all    also what takes long
  --quick  one short round of each, for a look: the figures say little`;

/** Reads the command line; throws with what is wrong. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      all: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      warmup: { type: "string" },
      out: { type: "string" },
      profile: { type: "string" },
    },
  });
  const { all, quick } = values;
  const positive = (name: "rounds" | "seconds" | "warmup", standard: number) => {
    const value = values[name] === undefined ? standard : Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0\n${USAGE}`);
    return value;
  };
  return {
    scenarios: positionals,
    ...{ all, quick },
    rounds: Math.ceil(positive("rounds", quick ? 1 : 3)),
    seconds: Math.ceil(positive("seconds", quick ? 3 : 5)),
    warmupSeconds: positive("warmup", quick ? 1 : 2),
    ...(values.out !== undefined && { out: values.out }),
    ...(values.profile !== undefined && { profile: values.profile }),
  };
}
