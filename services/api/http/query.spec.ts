import type { Coercion } from "../routes.ts";
import { readForm, readQuery } from "./query.ts";

const coercions = new Map<string, Coercion>([
  ["limit", "integer"],
  ["exact", "boolean"],
  ["name", "text"],
]);
const members = (query: string) => readQuery(query, coercions).members;

test("texts become what the schema wants", () => {
  expect(members("limit=20&exact=true&name=20")).toEqual({ limit: 20, exact: true, name: "20" });
  expect(members("limit=-5&exact=false")).toEqual({ limit: -5, exact: false });
});

test.each(["abc", "", "1e1", " 1", "1 ", "0x10", "1.0", "01", "+1", "9007199254740993", "1,5", "--1"])(
  "%p is no number: it stays a text, which the schema refuses",
  (text) => {
    expect(members(`limit=${encodeURIComponent(text)}`)).toEqual({ limit: text });
  },
);

test.each(["TRUE", "1", "yes", ""])("%p is no boolean", (text) => {
  expect(members(`exact=${text}`)).toEqual({ exact: text });
});

test("unknown members stay, for the schema to name", () => {
  expect(readQuery("colour=red", coercions)).toEqual({ members: { colour: "red" }, errors: [] });
});

test("texts are decoded as in a form", () => {
  expect(members("name=a+b%20%C3%A4%2B&a%2Fb=1&name2")).toEqual({ name: "a b ä+", "a/b": "1", name2: "" });
});

test("what has no place in an object is an error that names it", () => {
  const { errors } = readQuery("limit=1&limit=2&__proto__=1&id=1&name=%F0%28&%=1&a~1%2F=%", coercions, { id: "x" });
  expect(errors).toEqual([
    { path: "/limit", message: "must be given once" },
    { path: "/__proto__", message: "is not a known field" },
    { path: "/id", message: "is not a known field" },
    { path: "/name", message: "is not percent-encoded UTF-8" },
    { path: "", message: "is not percent-encoded UTF-8" },
    { path: "/a~01~1", message: "is not percent-encoded UTF-8" },
  ]);
});

test("inherited members are no members", () => {
  expect(members("constructor=1&toString=2")).toEqual({ constructor: "1", toString: "2" });
});

test("a form repeats nothing", () => {
  expect(readForm("a=1&b=2")).toEqual({ a: "1", b: "2" });
  expect(() => readForm("a=1&a=2")).toThrow(expect.objectContaining({ type: "MALFORMED_REQUEST" }));
});
