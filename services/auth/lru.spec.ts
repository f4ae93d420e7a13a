import { Lru } from "./lru.ts";

test("what was not asked for the longest goes first", () => {
  const lru = new Lru<string, number>(2);
  lru.set("a", 1);
  lru.set("b", 2);
  expect(lru.get("a")).toBe(1);
  lru.set("c", 3);
  expect(lru.get("b")).toBeUndefined();
  expect(lru.get("a")).toBe(1);
  expect(lru.get("c")).toBe(3);
  expect(lru.size).toBe(2);
});

test("an entry that is set again is one entry", () => {
  const lru = new Lru<string, number>(2);
  lru.set("a", 1);
  lru.set("a", 2);
  lru.set("b", 3);
  expect(lru.get("a")).toBe(2);
  lru.delete("a");
  expect(lru.get("a")).toBeUndefined();
  lru.clear();
  expect(lru.size).toBe(0);
});
