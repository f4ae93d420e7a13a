/** What the demo has to tell, in the order in which it happens. It is shown as it comes, and can be kept as a page. */
export type Item =
  | { readonly kind: "chapter"; readonly title: string; readonly text: string }
  | { readonly kind: "step"; readonly title: string; readonly text?: string }
  /** What a reader types to get the same. */
  | { readonly kind: "shell"; readonly lines: readonly string[] }
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly reason: string;
      readonly milliseconds: number;
      readonly headers: readonly string[];
      /** The interesting part of the body. */
      readonly shown?: unknown;
    }
  /** An event as the live feed brought it, with the seconds since its order was sent. */
  | {
      readonly kind: "event";
      readonly seconds: number;
      readonly type: string;
      readonly version: number;
      readonly text: string;
    }
  | { readonly kind: "check"; readonly text: string }
  | { readonly kind: "table"; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: "note"; readonly text: string };

/** Something did not come out as it should. The message is a sentence for whoever runs the demo. */
export class DemoFailure extends Error {
  override name = "DemoFailure";
}

/** Breaks a text between words, into lines of at most `width` characters. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** JSON in few lines: what fits into `width` is one, and scalar members share theirs. `lead` stands before it there. */
export function compactJson(value: unknown, width: number, indent = "", lead = 0): string {
  const flat = flatJson(value);
  // A comma may follow.
  if (value === null || typeof value !== "object" || indent.length + lead + flat.length < width) return flat;
  const inner = `${indent}  `;
  const lines: string[] = [];
  let open = false;
  for (const [key, one] of Object.entries(value)) {
    const name = Array.isArray(value) ? "" : `${JSON.stringify(key)}: `;
    const member = `${name}${compactJson(one, width, inner, name.length)}`;
    const scalar = one === null || typeof one !== "object";
    const last = lines.at(-1) ?? "";
    if (scalar && open && last.length + member.length + 2 < width) lines[lines.length - 1] = `${last}, ${member}`;
    else lines.push(`${inner}${member}`);
    open = scalar;
  }
  const [begin, end] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${begin}\n${lines.join(",\n")}\n${indent}${end}`;
}

/** JSON in one line, with spaces where people like them. */
export function flatJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flatJson).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${flatJson(one)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

/** The columns of a table, each as wide as its widest cell. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
