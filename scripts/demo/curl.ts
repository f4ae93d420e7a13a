import { compactJson } from "./story.ts";

/** A request, as it is sent and as a reader types it. `$ORDER` and its like in the path stand for shell variables. */
export interface Call {
  readonly method?: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly key?: string;
  readonly body?: object;
}

const WIDTH = 94;

/** The curl line that sends a request, for a shell that has `$URL` and `$TOKEN`. Broken into lines where it is long. */
export function curlOf({ method = "GET", path, key, body }: Call): string[] {
  const parts = [`curl -s "$URL${path}"`];
  // curl itself takes POST when there is a body.
  if (method !== "GET" && !(method === "POST" && body)) parts[0] = `curl -s -X ${method} "$URL${path}"`;
  parts.push('-H "Authorization: Bearer $TOKEN"');
  if (body) parts.push('-H "Content-Type: application/json"');
  if (key !== undefined) parts.push(`-H "Idempotency-Key: ${key}"`);
  const lines = continued(parts);
  if (!body) return lines;
  const json = JSON.stringify(body).includes("'") ? undefined : compactJson(body, WIDTH);
  if (json === undefined) throw new Error("an apostrophe would end the shell's quotes");
  const [first, ...rest] = `-d '${json}'`.split("\n");
  lines[lines.length - 1] += " \\";
  return [...lines, `  ${first}`, ...rest.map((line) => `  ${line}`)];
}

/** Puts the parts of a command into lines, with a backslash at the end of each that goes on. */
export function continued(parts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + part.length <= WIDTH - 2) lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(lines.length === 0 ? part : `  ${part}`);
  }
  return lines.map((line, i) => (i < lines.length - 1 ? `${line} \\` : line));
}
