import type { Problem } from "../../../platform/errors.ts";
import { parseObject } from "./json.ts";

const parse = (text: string) => parseObject(Buffer.from(text));

/** What is said of a text that is refused. */
function refusal(text: string): { code: string; errors: unknown } {
  try {
    parse(text);
  } catch (error) {
    const { type, details } = error as Problem;
    return { code: type as string, errors: details.errors };
  }
  throw new Error("it was taken");
}

test.each([
  '{"a":1}',
  '{ "a" : [1, {"b": ":"}, "x,y"], "c": {"a": "\\"a\\":1"} }',
  '{"":"","\\u0061":"\\\\"}',
  '{"a":[],"b":{},"c":[[],{}]}',
  '{"__proto__":1,"a":{"__proto__":{"b":2}}}',
  '{"0":1,"00":2}',
  "{}",
])("%s is what JSON.parse says", (text) => {
  expect(parse(text)).toEqual(JSON.parse(text));
});

test.each([
  ["{", "}"],
  ['{"a":1', ""],
  ['{"a":"', ""],
  ["{a:1}", ""],
  ['{"a":1}}', ""],
  ["", ""],
  ['"', ""],
  ['{"a":01}', ""],
])("%s is no JSON", (text) => {
  expect(refusal(text).code).toBe("MALFORMED_REQUEST");
});

test.each(["[]", "1", "null", '"a"'])("%s is no object", (text) => {
  expect(refusal(text)).toEqual({
    code: "VALIDATION_FAILED",
    errors: [{ path: "", message: "must be an object" }],
  });
});

test.each([
  ['{"a":1,"a":1}', "/a"],
  ['{"a":1,"\\u0061":2}', "/a"],
  ['{"a":{"b":[{"c":1},{"c":{"x":[1,2]},"d/e~":2, "d/e~" : 3}]}}', "/a/b/1/d~1e~0"],
  ['{"__proto__":1,"__proto__":2}', "/__proto__"],
  ['{"a":{"a":1},"b":{"x":",","y":"}","x":1}}', "/b/x"],
  ['{"0":[[0,[{"p":1}]],{"q":1,"q":2}]}', "/0/1/q"],
])("%s has a name twice", (text, path) => {
  expect(refusal(text)).toEqual({ code: "VALIDATION_FAILED", errors: [{ path, message: "must be given once" }] });
});

test("32 levels are taken, and 33 or 50,000 are not", () => {
  const nested = (levels: number) => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  expect(parse(nested(32))).toHaveProperty("a");
  for (const levels of [33, 50_000])
    expect(refusal(nested(levels)).errors).toEqual([
      { path: "", message: "must not be nested more than 32 levels deep" },
    ]);
});

test("10,000 values are taken, and more are refused before they are parsed", () => {
  const wide = (values: number) => `{"a":[${Array(values).fill("0").join(",")}]}`;
  expect(parse(wide(9_998)).a).toHaveLength(9_998);
  const parsed = jest.spyOn(JSON, "parse");
  const members = Array.from({ length: 10_000 }, (_, n) => `"${n}":0`).join(",");
  for (const [text, path] of [
    [wide(9_999), "/a"],
    [`{"x":1,"a b":{"c":[${Array(60_000).fill("{}").join(",")}]}}`, "/a b/c"],
    [`{"lines":[${Array(9_000).fill('{"sku":"A","n":[1]}').join(",")}]}`, "/lines"],
    [`{"metadata":{${members}}}`, "/metadata"],
    [`[${Array(20_000).fill("1").join(",")}]`, ""],
  ] as const) {
    expect(refusal(text)).toEqual({
      code: "VALIDATION_FAILED",
      errors: [{ path, message: "must not hold so much: a body has at most 10000 values" }],
    });
  }
  // Of names alone.
  expect(parsed.mock.calls.filter(([text]) => String(text).length > 10)).toEqual([]);
});

test("texts may hold any punctuation: it is not counted", () => {
  expect(parse(JSON.stringify({ a: '[{,:"'.repeat(50_000) })).a).toHaveLength(250_000);
});
