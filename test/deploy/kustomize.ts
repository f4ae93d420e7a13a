import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import { ROOT } from "../support/process.ts";
import type { Manifest } from "./manifests.ts";

const RENDERERS = [
  ["kustomize", "build"],
  ["kubectl", "kustomize"],
] as const;

/** What renders manifests on this machine; undefined when nothing does. */
export const renderer = RENDERERS.find(
  ([program]) => spawnSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" }).status === 0,
);

/** The objects that a folder of kustomize describes. */
export function render(folder: string): Manifest[] {
  if (!renderer) throw new Error("neither kustomize nor kubectl is installed");
  const [program, ...args] = renderer;
  const { status, stdout, stderr } = spawnSync(program, [...args, path.join(ROOT, folder)], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} does not render ${folder}: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}
