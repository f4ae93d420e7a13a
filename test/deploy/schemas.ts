import { spawnSync } from "node:child_process";
import path from "node:path";
import type { Manifest } from "./manifests.ts";

const VALIDATE = path.join(import.meta.dirname, "validate.ts");

/** What Kubernetes' own schemas have against each of the objects, a line for each error. */
export function schemaErrors(objects: readonly Manifest[]): string[][] {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", VALIDATE], {
    input: JSON.stringify(objects),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`the objects were not validated: ${stderr}`);
  return JSON.parse(stdout) as string[][];
}
