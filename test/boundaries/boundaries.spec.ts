import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "./check.ts";
import { rules } from "./rules.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");
const MANIFEST = {
  dependencies: { "@sinclair/typebox": "0", moleculer: "0", pg: "0" },
  devDependencies: { "fast-check": "0" },
};

const fixtures = readdirSync(FIXTURES).filter((name) => name !== "clean");

/** The lines that a fixture marks with `// breaks`, as `file:line`. */
function markedLines(root: string): string[] {
  return globSync("**/*.ts", { cwd: root }).flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((text, index) => (text.endsWith("// breaks") ? [`${file}:${index + 1}`] : [])),
  );
}

test("every rule has a fixture that breaks it", () => {
  expect(fixtures.sort()).toEqual([...rules.map(({ name }) => name), "no-cycles"].sort());
});

test.each(fixtures)("%s is reported at every import that breaks it, and nothing else is", (rule) => {
  const root = join(FIXTURES, rule);
  const marked = markedLines(root);

  const found = check(root, MANIFEST);

  expect(new Set(found.map((violation) => violation.rule))).toEqual(new Set([rule]));
  expect(found.map(({ file, line }) => `${file}:${line}`).sort()).toEqual(marked.sort());
});

test("a tree that keeps all rules passes", () => {
  expect(check(join(FIXTURES, "clean"), MANIFEST)).toEqual([]);
});
