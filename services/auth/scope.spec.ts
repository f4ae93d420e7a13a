import { narrowScope, parseScope } from "./scope.ts";

test("scopes are separated by spaces, each counts once", () => {
  expect(parseScope(" orders:read  admin orders:read ")).toEqual(["orders:read", "admin"]);
});

test("without a wish a token has all that was granted", () => {
  expect(narrowScope(undefined, ["a", "b"])).toEqual(["a", "b"]);
  expect(narrowScope("", ["a", "b"])).toEqual(["a", "b"]);
});

test("a wish narrows, and never widens", () => {
  expect(narrowScope("b", ["a", "b"])).toEqual(["b"]);
  expect(narrowScope("b c", ["a", "b"])).toBeUndefined();
});
