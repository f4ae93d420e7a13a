import { Type } from "@sinclair/typebox";
import { assertValid, fieldErrors, tolerantOf } from "./validator.ts";

const Anything = Type.Unknown();
const Line = Type.Object({ sku: Type.String(), quantity: Type.Integer() }, { additionalProperties: false });
const Cart = Type.Object({ lines: Type.Array(Line), note: Type.Optional(Type.String()) });

test("what is valid has no errors", () => {
  expect(fieldErrors(Cart, { lines: [{ sku: "A", quantity: 1 }], note: "ü 👍" })).toEqual([]);
});

test("each wrong field is named once, by its pointer", () => {
  expect(
    fieldErrors(Cart, {
      lines: [
        { sku: "A", quantity: 1 },
        { sku: 2, color: "red" },
      ],
    }),
  ).toEqual([
    { path: "/lines/1/quantity", message: "is required" },
    { path: "/lines/1/color", message: "is not a known field" },
    { path: "/lines/1/sku", message: "expected string" },
  ]);
});

test.each([
  ["NUL", "a\0b", "", "must not contain NUL characters"],
  ["a lone surrogate", { "a/b": ["ok", "\ud800"] }, "/a~1b/1", "must not contain lone surrogates"],
  ["a number that is none", { a: { "~": Number.POSITIVE_INFINITY } }, "/a/~0", "must be a finite number"],
  ["a member called __proto__", JSON.parse('{"a":[{"__proto__":{}}]}'), "/a/0/__proto__", "is not a known field"],
  ["NUL in a name", { a: { "b\0": 1 } }, "/a/b\0", "is not a known field"],
])("%s is wrong whatever the schema allows", (_, value, path, message) => {
  expect(fieldErrors(Anything, value)).toEqual([{ path, message }]);
});

test("of very many errors twenty are named, those beside the schema first", () => {
  const lines = Array.from({ length: 1_000 }, (_, i) => ({ sku: i % 2 ? "\0" : "A", quantity: "1" }));
  const errors = fieldErrors(Cart, { lines, note: "\0" });
  expect(errors).toHaveLength(20);
  expect(new Set(errors.map(({ path }) => path)).size).toBe(20);
  expect(errors[0]).toEqual({ path: "/lines/1/sku", message: "must not contain NUL characters" });
});

test("what is not valid is thrown with all that is wrong", () => {
  expect(() => assertValid(Line, { quantity: 1.5 })).toThrow(
    expect.objectContaining({
      type: "VALIDATION_FAILED",
      message: "/sku: is required (and 1 more)",
      data: expect.objectContaining({ errors: expect.arrayContaining([{ path: "/sku", message: "is required" }]) }),
    }),
  );
});

test("a tolerant schema passes over members that it does not know, and over nothing else", () => {
  const lenient = tolerantOf(Cart);
  expect(fieldErrors(lenient, { lines: [{ sku: "A", quantity: 1, color: "red" }] })).toEqual([]);
  expect(fieldErrors(lenient, { lines: [{ sku: "A" }] })).toEqual([
    { path: "/lines/0/quantity", message: "is required" },
  ]);
});
