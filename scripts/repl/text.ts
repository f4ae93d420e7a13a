import { styleText } from "node:util";
import type { Money } from "../../platform/money.ts";

/** Rows in columns that stand under their headings; `none` when there are none. */
export function columns(headings: readonly string[], rows: readonly (readonly string[])[], none = "none"): string {
  if (rows.length === 0) return `  ${none}`;
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i] as number))).join("  ")}`;
  return [dim(line(headings)), ...rows.map(line)].join("\n");
}

/** A heading with the facts below it, each behind its name; what has no value is left out. */
export function facts(heading: string, entries: Readonly<Record<string, string | undefined>>): string {
  const known = Object.entries(entries).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return [bold(heading), ...known.map(([name, value]) => `  ${dim(name.padEnd(width))}  ${value}`)].join("\n");
}

/** A table under its heading. */
export function section(heading: string, table: string): string {
  return `${bold(heading)}\n${table}`;
}

/** `2026-11-21 10:00:00.123`, UTC. */
export function time(at: string): string {
  return at.replace("T", " ").replace(/Z$/, "");
}

/** How long something took or lasts: `0.120 s`, `4 min`, `3 h`, `12 d`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(3)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** `19.99 EUR`. */
export function price({ amount, currency }: Money): string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return `${(amount / 10 ** digits).toFixed(digits)} ${currency}`;
}

/** The first line of a text, so much of it. */
export function short(text: string, length = 70): string {
  const [first = ""] = text.split("\n", 1);
  return first.length > length ? `${first.slice(0, length - 1)}…` : first;
}

export function bold(text: string): string {
  return styleText("bold", text, { stream: process.stdout });
}

export function dim(text: string): string {
  return styleText("dim", text, { stream: process.stdout });
}

export function red(text: string): string {
  return styleText("red", text, { stream: process.stdout });
}
