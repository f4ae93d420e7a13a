import { readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../support/process.ts";

/** One line of the Dockerfile, its continuations joined: `COPY`, `platform ./platform`. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The stages of the Dockerfile; the last one is the image. */
export function dockerfileStages(): Instruction[][] {
  const lines = readFileSync(path.join(ROOT, "Dockerfile"), "utf8").replaceAll("\\\n", " ").split("\n");
  const stages: Instruction[][] = [];
  for (const line of lines.filter((one) => one.trim() !== "" && !one.startsWith("#"))) {
    const [name, ...rest] = line.trim().split(/\s+/) as [string, ...string[]];
    if (name === "FROM") stages.push([]);
    stages.at(-1)?.push({ name, text: rest.join(" ") });
  }
  return stages;
}

/** What the image has in its environment. */
export function imageEnvironment(): Record<string, string> {
  const settings = (dockerfileStages().at(-1) ?? []).filter(({ name }) => name === "ENV");
  return Object.fromEntries(
    settings.flatMap(({ text }) => text.split(" ").map((one) => one.split("=") as [string, string])),
  );
}
