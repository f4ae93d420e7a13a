import type { Profiler } from "node:inspector/promises";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "../..");
const WIDTH = 1_200;
const ROW = 20;
/** What is narrower than this, in pixels, is not drawn. */
const NARROWEST = 1;
/** Of the font that names are written in, in pixels. */
const LETTER = 6.3;
const HUES = [205, 150, 35, 280, 90, 330, 180, 15, 250, 60];

/** A part of the time, and what it is made of. */
interface Part {
  readonly name: string;
  micros: number;
  readonly parts: Map<string, Part>;
}

/**
 * A picture of where a profile's time goes, as SVG: packages and folders, under each its files, under each file its
 * functions, as wide as the time in themselves. What calls what is not in it: under load nearly everything is called by
 * the loop of promises.
 */
export function pictureOf(profile: Profiler.Profile): string {
  const whole: Part = { name: "busy", micros: 0, parts: new Map() };
  for (const { frame, micros } of selfTimes(profile)) {
    if (frame.functionName === "(idle)") continue;
    add(whole, placeOf(frame), micros);
  }
  const rows: string[] = [];
  let hue = 0;
  let left = 0;
  for (const part of largestFirst(whole)) {
    draw(rows, part, left, 0, whole.micros, HUES[hue++ % HUES.length] as number);
    left += (part.micros / whole.micros) * WIDTH;
  }
  const height = 3 * ROW;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="monospace" font-size="10.5">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${rows.join("\n")}
</svg>
`;
}

function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile) {
  const micros = new Map<number, number>();
  for (const [i, id] of samples.entries()) micros.set(id, (micros.get(id) ?? 0) + (timeDeltas[i] ?? 0));
  return nodes.map(({ id, callFrame }) => ({ frame: callFrame, micros: micros.get(id) ?? 0 }));
}

/** Where a function belongs: a package or a folder, a file, and the function itself. */
function placeOf({ functionName, url }: { functionName: string; url: string }): [string, string, string] {
  const name = functionName || "(anonymous)";
  if (url === "") return ["V8 and the system", name.startsWith("(") ? name : "calls of the system", name];
  if (url.startsWith("node:")) return ["Node", url, name];
  const file = url.replace(/^file:\/\//, "");
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(file);
  if (inPackage) return [inPackage[1] as string, inPackage[2] as string, name];
  const own = path.relative(ROOT, file);
  const [top, second] = own.split("/") as [string, string?];
  return [top === "services" ? `services/${second}` : top, own, name];
}

function add(part: Part, [name, ...inside]: readonly string[], micros: number): void {
  part.micros += micros;
  if (name === undefined) return;
  let inner = part.parts.get(name);
  if (!inner) {
    inner = { name, micros: 0, parts: new Map() };
    part.parts.set(name, inner);
  }
  add(inner, inside, micros);
}

function largestFirst({ parts }: Part): Part[] {
  return [...parts.values()].sort((a, b) => b.micros - a.micros);
}

function draw(rows: string[], part: Part, x: number, level: number, all: number, hue: number): void {
  const width = (part.micros / all) * WIDTH;
  if (width < NARROWEST) return;
  const share = `${((100 * part.micros) / all).toFixed(1)} %`;
  const label = `${part.name} ${share}`;
  const letters = Math.floor((width - 4) / LETTER);
  const text = letters < 3 ? "" : label.length <= letters ? label : `${part.name.slice(0, letters - 1)}…`;
  const [left, y] = [x.toFixed(1), level * ROW];
  rows.push(
    `<g><title>${escaped(label)}</title><rect x="${left}" y="${y}" width="${(width - 0.5).toFixed(1)}" height="${ROW - 1}" fill="hsl(${hue} 60% ${70 + 8 * level}%)"/><text x="${(x + 2).toFixed(1)}" y="${y + 14}">${escaped(text)}</text></g>`,
  );
  let inner = x;
  for (const child of largestFirst(part)) {
    draw(rows, child, inner, level + 1, all, hue);
    inner += (child.micros / all) * WIDTH;
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
