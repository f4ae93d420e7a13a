import { styleText } from "node:util";
import { columns, compactJson, type Item, wrap } from "./story.ts";

const WIDTH = 100;
const INDENT = "    ";

type Style = Parameters<typeof styleText>[0];

/** Colours for a terminal alone, and not where NO_COLOR is set: `styleText` looks at both. */
function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** What a terminal shows of an item, 100 columns wide. */
export function inTerminal(item: Item): string {
  switch (item.kind) {
    case "chapter":
      return `\n${styled("bold", `━━ ${item.title} ${"━".repeat(Math.max(0, WIDTH - 4 - item.title.length))}`)}\n${lines(item.text, "")}`;
    case "step":
      return `\n${styled("bold", `  ${item.title}`)}\n${item.text ? lines(item.text, INDENT) : ""}`;
    case "shell":
      return `\n${item.lines.map((line, i) => `${INDENT}${i === 0 ? "$" : " "} ${styled("cyan", line)}\n`).join("")}`;
    case "answer": {
      const status = styled(
        item.status < 400 ? ["green", "bold"] : ["yellow", "bold"],
        `${item.status} ${item.reason}`,
      );
      const headers = item.headers.map((header) => `${INDENT}${styled("dim", header)}\n`).join("");
      const shown = item.shown === undefined ? "" : indented(compactJson(item.shown, WIDTH - INDENT.length));
      return `\n${INDENT}${status}  ${styled("dim", `${item.milliseconds.toFixed(0)} ms`)}\n${headers}${shown}`;
    }
    case "event": {
      const type = item.type.padEnd(31);
      const time = `+${item.seconds.toFixed(3)} s`.padStart(10);
      return `${INDENT}${styled("magenta", "●")}${styled("dim", time)}  ${styled("magenta", type)} ${item.text}\n`;
    }
    case "check":
      return lines(item.text, `${INDENT}${styled("green", "✓")} `, `${INDENT}  `);
    case "table": {
      const [head, ...rows] = columns([item.head, ...item.rows]);
      return `\n${INDENT}${styled("dim", head ?? "")}\n${rows.map((row) => `${INDENT}${row}\n`).join("")}`;
    }
    case "note":
      return lines(item.text, INDENT);
    default:
      return item satisfies never;
  }
}

function lines(text: string, first: string, others = first): string {
  return wrap(text, WIDTH - others.length)
    .map((line, i) => `${i === 0 ? first : others}${line}\n`)
    .join("");
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `${INDENT}${line}\n`)
    .join("");
}
