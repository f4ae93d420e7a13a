import { type FigureName, figureText } from "./figures.ts";

/** What a figure of a side is to come to. */
export interface Goal {
  readonly figure: FigureName;
  /** Whether the figure itself is meant, or its ratio to the side that it is held against. */
  readonly of: "value" | "ratio";
  readonly sense: "at least" | "at most";
  readonly aim: number;
  /** What would be better still. */
  readonly beyond?: number;
}

/** Of the most memory that Node has had, in MB. */
export const MEMORY: Goal = { figure: "rssMb", of: "value", sense: "at most", aim: 300, beyond: 200 };

/** A ratio of operations a second to be reached. */
export function share(aim: number, beyond?: number): Goal {
  return { figure: "perSecond", of: "ratio", sense: "at least", aim, ...(beyond !== undefined && { beyond }) };
}

/** A goal with what has come of it: `≥ 0.30 met, 0.50 not met`. */
export function goalText({ figure, of, sense, aim, beyond }: Goal, value: number | undefined): string {
  const sign = sense === "at least" ? "≥" : "≤";
  const shown = (bound: number) => (of === "ratio" ? bound.toFixed(2) : figureText(figure, bound));
  if (value === undefined) return `${sign} ${shown(aim)} not measured`;
  const judged = (bound: number) =>
    `${shown(bound)} ${(sense === "at least" ? value >= bound : value <= bound) ? "met" : "not met"}`;
  return `${sign} ${[aim, beyond].flatMap((bound) => (bound === undefined ? [] : judged(bound))).join(", ")}`;
}
