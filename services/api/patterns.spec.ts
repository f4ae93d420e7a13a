import { runInNewContext } from "node:vm";
import { Value } from "@sinclair/typebox/value";
import { Email } from "../../platform/schema.ts";
import { allContracts } from "./routes.ts";

/** All patterns in a schema, those of members' names too. */
function patternsOf(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { pattern, patternProperties } = schema as { pattern?: unknown; patternProperties?: object };
  return [
    ...(typeof pattern === "string" ? [pattern] : []),
    ...Object.keys(patternProperties ?? {}),
    ...Object.values(schema).flatMap(patternsOf),
  ];
}

const params = allContracts.flatMap(({ actions }) => Object.values(actions).map((action) => action.params));
const patterns = [...new Set(params.flatMap(patternsOf))];

/** What makes a pattern go back over what it has read: much that could be read in several ways, and an end that fits none. */
const hostile = ["a", "0", ".", "-", "_", " ", "@", ":", "/", "a-", "a.", "é"].flatMap((piece) =>
  ["", "a@", "a", "2026-11-21T12:00:00.", "https://"].map((start) => start + piece.repeat(250_000 / piece.length)),
);

// Too long is an error of its own, but all that is wrong is named: the patterns are tried on it too.
test.each(patterns)("%s is done with any body's largest text", (pattern) => {
  const isMatch = (text: string) =>
    runInNewContext("new RegExp(pattern, 'u').test(text)", { pattern, text }, { timeout: 10_000 }) as boolean;
  for (const text of hostile) expect(typeof isMatch(`${text} \n`)).toBe("boolean");
});

test("a pattern that is not done would be noticed", () => {
  const context = { text: `a@${".".repeat(250_000)} ` };
  const trying = () => runInNewContext("/^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$/u.test(text)", context, { timeout: 500 });
  expect(trying).toThrow("timed out");
});

test.each([
  ["ada@example.com", true],
  ["a.b+c@mail.example.co.uk", true],
  ["a@.b.c", true],
  ["a@b..c", true],
  ["ä@ö.ü", true],
  ["a@b", false],
  ["a@.b", false],
  ["a@b.", false],
  ["a@b@c.d", false],
  ["a b@c.d", false],
  ["@b.c", false],
])("%p as an email address: %p", (text, isOne) => {
  expect(Value.Check(Email, text)).toBe(isOne);
});
