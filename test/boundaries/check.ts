import { existsSync, globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, normalize } from "node:path/posix";
import { importsOf } from "./imports.ts";
import { type External, placeOf, rules } from "./rules.ts";

export interface Violation {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly imports: string;
}

/** The part of a package.json that says what may be imported. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface RuntimeImport {
  readonly to: string;
  readonly line: number;
}

const SOURCES = ["*.ts", "{platform,mixins,services,scripts,test}/**/*.{ts,mts,cts,js,mjs,cjs}"];

/** Checks all sources below `root` against the rules, and against cycles. */
export function check(root: string, manifest: Manifest): Violation[] {
  const files = globSync(SOURCES, { cwd: root, exclude: ["test/boundaries/fixtures"] }).sort();
  const violations: Violation[] = [];
  const graph = new Map<string, RuntimeImport[]>();
  for (const file of files) {
    const from = placeOf(file);
    const edges: RuntimeImport[] = [];
    graph.set(file, edges);
    for (const { specifier, typesOnly, line } of importsOf(readFileSync(join(root, file), "utf8"))) {
      const path = specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : undefined;
      const isLocal = path !== undefined && isFile(root, path);
      const target = isLocal ? { local: placeOf(path) } : { external: externalOf(specifier, manifest) };
      const broken = rules.find(({ breaks }) => breaks({ from, ...target, typesOnly }));
      if (broken) violations.push({ rule: broken.name, file, line, imports: specifier });
      if (isLocal && !typesOnly) edges.push({ to: path, line });
    }
  }
  return [...violations, ...cycles(graph)];
}

function isFile(root: string, path: string): boolean {
  return /\.\w+$/.test(path) && existsSync(join(root, path));
}

function externalOf(specifier: string, manifest: Manifest): External {
  if (isBuiltin(specifier)) return { name: specifier, kind: "builtin" };
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (manifest.dependencies?.[name]) return { name, kind: "dependency" };
  return { name, kind: manifest.devDependencies?.[name] ? "devDependency" : "unresolvable" };
}

/** Imports that close a circle at run time; cycles of types alone are erased and do no harm. One per circle found. */
function cycles(graph: ReadonlyMap<string, readonly RuntimeImport[]>): Violation[] {
  const violations: Violation[] = [];
  const done = new Set<string>();
  const path: string[] = [];

  function visit(file: string): void {
    path.push(file);
    for (const { to, line } of graph.get(file) ?? []) {
      const start = path.indexOf(to);
      if (start >= 0) {
        const circle = [...path.slice(start + 1), to].join(" -> ");
        violations.push({ rule: "no-cycles", file, line, imports: circle });
      } else if (!done.has(to)) visit(to);
    }
    path.pop();
    done.add(file);
  }

  for (const file of graph.keys()) if (!done.has(file)) visit(file);
  return violations;
}

if (import.meta.main) {
  const root = process.argv[2] ?? join(import.meta.dirname, "../..");
  const found = check(root, JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  for (const { rule, file, line, imports } of found) console.error(`${file}:${line}  ${rule}: imports ${imports}`);
  if (found.length > 0) process.exitCode = 1;
}
