import { FIGURES, type FigureName, figureText } from "./figures.ts";
import { goalText } from "./goals.ts";
import { changeOf, figureOf, type Result, ratioOf, type ScenarioResult } from "./results.ts";
import type { Scenario, Side } from "./scenario.ts";
import type { Spread } from "./statistics.ts";

/** An earlier result to compare with, and its name. */
export interface Earlier {
  readonly name: string;
  readonly result: Result;
}

/** The tables of a scenario: one for each side, beside what it is held against. */
export function report(scenario: Scenario, result: ScenarioResult, earlier: Earlier | undefined): string {
  const heldAgainst = new Set(scenario.sides.map(({ against }) => against));
  const tables = scenario.sides
    // What others are held against stands in their tables.
    .filter(({ name, against }) => against !== undefined || !heldAgainst.has(name))
    .map((side) => table(side, result, earlier?.result.scenarios[scenario.name], earlier?.name));
  const missing = Object.entries(result).flatMap(([name, { refused, unavailable }]) => [
    ...(unavailable === undefined ? [] : [`  NOT RUN  ${name}: ${unavailable}`]),
    ...refused.map((reason) => `  REFUSED  ${name}: ${reason}`),
  ]);
  return [`\n== ${scenario.name}: ${scenario.what}`, ...missing, ...tables.filter((text) => text !== "")].join("\n");
}

function table(
  { name, against, goals = [] }: Side,
  result: ScenarioResult,
  then: ScenarioResult | undefined,
  earlier: string | undefined,
): string {
  const side = result[name];
  const other = against === undefined ? undefined : result[against];
  if (!side) return "";
  const hasGoals = goals.length > 0;
  const rows = (Object.keys(FIGURES) as FigureName[]).flatMap((figure) => {
    const [ours, theirs] = [figureOf(side, figure), other && figureOf(other, figure)];
    const text = (value: number) => figureText(figure, value);
    // A line of nothing but zeros says nothing.
    if (![ours, theirs].some((value) => value && /[1-9]/.test(text(value.median)))) return [];
    const ratio = ratioOf(result, side, figure);
    const goal = goals.find((one) => one.figure === figure);
    const change = changeOf(result, then, name, figure);
    return [
      [
        FIGURES[figure].label,
        ...spreadCells(ours, text),
        ...(other ? [...spreadCells(theirs, text), ...spreadCells(ratio, (value) => value.toFixed(3))] : []),
        ...(hasGoals ? [goal ? goalText(goal, (goal.of === "ratio" ? ratio : ours)?.median) : ""] : []),
        change === undefined ? "" : `x ${change.toFixed(2)}`,
      ],
    ];
  });
  if (rows.length === 0) return "";
  const head = [
    "",
    "A",
    "",
    ...(other ? ["B", "", "A / B", ""] : []),
    ...(hasGoals ? ["goal"] : []),
    then ? "since" : "",
  ];
  const legend = [`A  ${name}`, other && `B  ${against}`, then && `since  ${earlier}`].filter(Boolean);
  return `\n  ${legend.join("     ")}\n${columns([head, ...rows], [0, head.indexOf("goal")])}`;
}

/** The median, and half of how far the rounds reach, as a share of it. */
function spreadCells(value: Spread | undefined, text: (value: number) => string): string[] {
  if (!value) return ["", ""];
  const { median, min, max } = value;
  const half = median === 0 ? 0 : Math.round(((max - min) / 2 / Math.abs(median)) * 100);
  return [text(median), half === 0 ? "" : `±${half}%`];
}

/** Rows as text, each column as wide as its widest cell; on the right but for those that are named. */
export function columns(rows: readonly (readonly string[])[], left: readonly number[] = [0]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const aligned = (cell: string, i: number) =>
    left.includes(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  return rows.map((row) => `  ${row.map(aligned).join("  ")}`.trimEnd()).join("\n");
}
