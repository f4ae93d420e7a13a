import { fitting } from "./fitting.ts";

const MEGABYTE = 1_024 * 1_024;
const items = (...megabytes: number[]) => megabytes.map((size) => "x".repeat(size * MEGABYTE - 2));

test("a list that one message holds stays whole", () => {
  const list = items(1, 1, 1, 1);
  expect(fitting(list)).toBe(list);
  expect(fitting([])).toEqual([]);
});

test("a longer one ends before what is too much", () => {
  expect(fitting(items(1, 1, 1, 1, 1))).toHaveLength(4);
  expect(fitting(items(3, 2, 1))).toHaveLength(1);
  // Counted as it is sent.
  expect(fitting(["ü".repeat(1.5 * MEGABYTE), "ü".repeat(MEGABYTE)])).toHaveLength(1);
});

test("one item comes whole, however large it is", () => {
  expect(fitting(items(7, 1))).toHaveLength(1);
});
