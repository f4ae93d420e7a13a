import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { cancelled } from "./demo/chapters/cancelled.ts";
import { declinedPayment } from "./demo/chapters/declined-payment.ts";
import { firstOrder } from "./demo/chapters/first-order.ts";
import { outOfStock } from "./demo/chapters/out-of-stock.ts";
import { repeatedKey } from "./demo/chapters/repeated-key.ts";
import { asMarkdown } from "./demo/markdown.ts";
import { findOrStart, type Platform } from "./demo/platform.ts";
import { Session } from "./demo/session.ts";
import { DemoFailure, type Item } from "./demo/story.ts";
import { inTerminal } from "./demo/terminal.ts";

const USAGE = `Usage: npm run demo -- [--url <url>] [--markdown <file>]

  --url       the platform to show things on; without it the one on HOST and PORT, or a new one
  --markdown  keeps what was shown as a page
`;

/** Walks orders through the platform over its REST API, checks what it shows, and says where something did not hold. */
async function main(): Promise<number> {
  const values = readArguments();
  if (values === undefined || values.help) {
    process.stdout.write(USAGE);
    return values ? 0 : 2;
  }
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
  const items: Item[] = [];
  const tell = (item: Item) => {
    items.push(item);
    process.stdout.write(inTerminal(item));
  };
  let platform: Platform | undefined;
  let code = 0;
  try {
    process.stdout.write("Looking for a platform, or starting one ...\n");
    platform = await findOrStart(values.url?.replace(/\/+$/, ""), process.env, interrupted.signal);
    await walk(platform, tell, interrupted.signal);
    if (values.markdown) await writeFile(values.markdown, page(items));
  } catch (error) {
    code = interrupted.signal.aborted ? 130 : 1;
    process.stderr.write(`\n${code === 130 ? "Interrupted." : `The demo has failed. ${explain(error)}`}\n`);
  } finally {
    if (platform?.own) process.stdout.write("\nStopping the platform that was started for this ...\n");
    await platform?.stop();
  }
  return code;
}

function readArguments(): { url?: string; markdown?: string; help?: boolean } | undefined {
  try {
    const options = { url: { type: "string" }, markdown: { type: "string" }, help: { type: "boolean" } } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return undefined;
  }
}

async function walk(platform: Platform, tell: (item: Item) => void, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const session = new Session(platform, tell, signal);
  const key = `demo-${randomBytes(4).toString("hex")}`;
  try {
    const whose = platform.own ? "was started for this and is stopped at the end" : "was running already";
    tell({ kind: "note", text: `The platform at ${platform.url} ${whose}. In a shell beside it:` });
    session.variable("URL", platform.url);
    const first = await firstOrder(session, `${key}-1`);
    await declinedPayment(session, `${key}-2`);
    await outOfStock(session, `${key}-3`);
    await repeatedKey(session, first);
    await cancelled(session, `${key}-4`);
  } finally {
    session.end();
  }
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const { checks, requests, events } = session;
  tell({
    kind: "chapter",
    title: "Done",
    text: `All ${checks} checks held: ${requests} requests and ${events} events in ${seconds} s.`,
  });
}

function page(items: readonly Item[]): string {
  const [date] = new Date().toISOString().split("T");
  return `# What \`npm run demo\` shows

This page was written by \`npm run demo -- --markdown docs/demo.md\` from a real run, on ${date} with Node
${process.version}; nothing in it was put in by hand. Ids, numbers and times are those of that run, and the answers
are cut down to what matters: \`curl\` gives them whole.

To do the same, start a platform with \`npm start\` and type the lines in their order. Set \`ORDER\` to the ids that
you get, and give every order an \`Idempotency-Key\` of its own.

${asMarkdown(items)}`;
}

function explain(error: unknown): string {
  if (error instanceof DemoFailure) return error.message;
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return `${error.message}${cause}`;
}

process.exitCode = await main();
