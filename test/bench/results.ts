import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { FigureName } from "./figures.ts";
import type { Machine } from "./machine.ts";
import type { Figures } from "./scenario.ts";
import { type Spread, spread } from "./statistics.ts";

/** A side's runs, one a round. */
export interface SideResult {
  readonly against?: string;
  readonly rounds: readonly (Figures | null)[];
  /** Why rounds are missing. */
  readonly refused: readonly string[];
  /** Why there are no rounds at all on this machine. */
  readonly unavailable?: string;
}

/** A scenario's sides by name. */
export type ScenarioResult = Readonly<Record<string, SideResult>>;

/** What is written to a file. */
export interface Result {
  readonly at: string;
  readonly commit: string;
  readonly options: { readonly rounds: number; readonly seconds: number; readonly warmupSeconds: number };
  readonly machine: Machine;
  readonly scenarios: Readonly<Record<string, ScenarioResult>>;
}

/** Where the committed results are. */
const RESULTS = path.join(import.meta.dirname, "results");

/** One figure over all rounds of a side. */
export function figureOf(side: SideResult, name: FigureName): Spread | undefined {
  return spread(side.rounds.flatMap((figures) => figures?.[name] ?? []));
}

/** One figure of a side, in each round divided by that of the side it is held against. */
export function ratioOf(scenario: ScenarioResult, side: SideResult, name: FigureName): Spread | undefined {
  const other = side.against === undefined ? undefined : scenario[side.against];
  if (!other) return undefined;
  return spread(
    side.rounds.flatMap((figures, round) => {
      const [ours, theirs] = [figures?.[name], other.rounds[round]?.[name]];
      return ours === undefined || !theirs ? [] : ours / theirs;
    }),
  );
}

/**
 * How a figure has changed since an earlier result: its ratio to the baseline now by that of then, so that a faster
 * machine changes nothing; the bare figures where the baseline has none.
 */
export function changeOf(
  now: ScenarioResult,
  then: ScenarioResult | undefined,
  side: string,
  name: FigureName,
): number | undefined {
  const [ours, theirs] = [now[side], then?.[side]];
  if (!ours || !then || !theirs) return undefined;
  const change = (to: Spread | undefined, from: Spread | undefined) =>
    to && from?.median ? to.median / from.median : undefined;
  return (
    change(ratioOf(now, ours, name), ratioOf(then, theirs, name)) ??
    change(figureOf(ours, name), figureOf(theirs, name))
  );
}

/** The committed results, the newest first. */
export async function readResults(): Promise<{ name: string; result: Result }[]> {
  const listed = execFileSync("git", ["ls-files", "*.json"], { cwd: await resultsFolder(), encoding: "utf8" });
  const files = listed.split("\n").filter((name) => name !== "");
  return Promise.all(
    files.sort(byName).map(async (name) => ({
      name,
      result: JSON.parse(await readFile(path.join(RESULTS, name), "utf8")) as Result,
    })),
  );
}

async function resultsFolder(): Promise<string> {
  await mkdir(RESULTS, { recursive: true });
  return RESULTS;
}

/** The newest first; the tenth of a day comes after the ninth. */
function byName(one: string, other: string): number {
  return other.localeCompare(one, "en", { numeric: true });
}

/** The name of the next result of a day: `2026-11-21-1.json`. */
export async function nextFile(day: string): Promise<string> {
  const taken = new Set(await readdir(await resultsFolder()));
  for (let n = 1; ; n += 1) {
    if (!taken.has(`${day}-${n}.json`)) return path.join(RESULTS, `${day}-${n}.json`);
  }
}

export async function writeResult(file: string, result: Result): Promise<void> {
  await writeFile(file, `${JSON.stringify(result, null, 1)}\n`);
}
