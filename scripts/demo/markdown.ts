import { columns, compactJson, type Item } from "./story.ts";

/** A page of the same items. Events that came one after the other stand in one block. */
export function asMarkdown(items: readonly Item[]): string {
  const blocks: string[] = [];
  let before: Item["kind"] | undefined;
  for (const item of items) {
    const block = blockOf(item);
    // Events, and checks, that follow each other belong together.
    if (item.kind === before && item.kind === "event") {
      blocks.push(`${(blocks.pop() as string).slice(0, -"\n```".length)}\n${lineOf(item)}\n\`\`\``);
    } else if (item.kind === before && item.kind === "check") {
      blocks.push(`${blocks.pop()}\n${block}`);
    } else {
      blocks.push(block);
    }
    before = item.kind;
  }
  return `${blocks.join("\n\n")}\n`;
}

function blockOf(item: Item): string {
  switch (item.kind) {
    case "chapter":
      return `## ${item.title}\n\n${item.text}`;
    case "step":
      return `### ${item.title}${item.text ? `\n\n${item.text}` : ""}`;
    case "shell":
      return fenced("sh", item.lines.join("\n"));
    case "answer": {
      const said = `\`${item.status} ${item.reason}\` after ${item.milliseconds.toFixed(0)} ms`;
      const headers = item.headers.map((header) => `, \`${header}\``).join("");
      return `${said}${headers}${item.shown === undefined ? "" : `\n\n${fenced("json", compactJson(item.shown, 100))}`}`;
    }
    case "event":
      return fenced("text", lineOf(item));
    case "check":
      return `- ✓ ${item.text}`;
    case "table":
      return fenced("text", columns([item.head, ...item.rows]).join("\n"));
    case "note":
      return item.text;
    default:
      return item satisfies never;
  }
}

function lineOf({ seconds, type, text }: Extract<Item, { kind: "event" }>): string {
  return `● ${`+${seconds.toFixed(3)} s`.padStart(9)}  ${type.padEnd(31)} ${text}`.trimEnd();
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
