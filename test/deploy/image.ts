import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../support/process.ts";
import { dockerfileStages } from "./dockerfile.ts";

interface Locked {
  readonly dev?: true;
  readonly optional?: true;
  readonly devOptional?: true;
}

const lock = JSON.parse(readFileSync(path.join(ROOT, "package-lock.json"), "utf8")) as {
  packages: Readonly<Record<string, Locked & { version: string }>>;
};

/** The version of a package that `npm ci` installs. */
export function lockedVersion(name: string): string | undefined {
  return lock.packages[`node_modules/${name}`]?.version;
}

/** The packages that `npm ci --omit=dev --omit=optional` puts right below node_modules. */
export function imagePackages(): string[] {
  return Object.entries(lock.packages)
    .filter(([, { dev, optional, devOptional }]) => !dev && !optional && !devOptional)
    .flatMap(([place]) => /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(place)?.[1] ?? []);
}

/** What of the checkout the last stage copies: each COPY's source and its place in the image. */
export function copied(): { readonly from: string; readonly to: string }[] {
  const copies = (dockerfileStages().at(-1) ?? []).filter(
    ({ name, text }) => name === "COPY" && !/^--from=/.test(text),
  );
  return copies.map(({ text }) => {
    const [from, to] = text.split(" ") as [string, string];
    return { from, to };
  });
}

/** Whether a file reaches the engine: the last line of .dockerignore that is about it, or a folder of its, decides. */
export function reachesTheEngine(file: string): boolean {
  const parents = file.split("/").map((_, i, parts) => parts.slice(0, i + 1).join("/"));
  const lines = readFileSync(path.join(ROOT, ".dockerignore"), "utf8").split("\n");
  const about = lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .filter((line) => parents.some((parent) => path.matchesGlob(parent, line.replace(/^!/, ""))));
  return about.at(-1)?.startsWith("!") ?? true;
}

/** Whether git would commit it, so that a clean checkout has it. */
export function isTracked(file: string): boolean {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "--", file], {
    cwd: ROOT,
  });
  return listed.length > 0;
}

/** Puts what the image holds into an empty folder, with links to the packages that it has. */
export function stageImage(folder: string): void {
  for (const { from, to } of [...copied(), { from: "package.json", to: "./" }]) {
    const target = to.endsWith("/") ? path.join(folder, to, path.basename(from)) : path.join(folder, to);
    cpSync(path.join(ROOT, from), target, {
      recursive: true,
      filter: (file) => reachesTheEngine(path.relative(ROOT, file)),
    });
  }
  for (const name of imagePackages()) {
    const target = path.join(folder, "node_modules", name);
    mkdirSync(path.dirname(target), { recursive: true });
    symlinkSync(path.join(ROOT, "node_modules", name), target);
  }
}

/** All files below a folder but for packages. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name)))
    .filter((file) => !file.startsWith("node_modules/"));
}
