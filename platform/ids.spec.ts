import { isUuid, leastIdAt, newId, partitionOf } from "./ids.ts";

test("ids are UUIDs of version 7, in the order of their making, and never the same", () => {
  // More than a millisecond's count and than the random bytes that are drawn at once.
  const ids = Array.from({ length: 20_000 }, newId);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids.map((id) => id.slice(-16))).size).toBe(ids.length);
  expect(ids.every(isUuid)).toBe(true);
});

test("an id says when it was made", () => {
  const before = Date.now();
  const made = Number.parseInt(newId().replace("-", "").slice(0, 12), 16);
  // The count may have run ahead of the clock by a few milliseconds.
  expect(made).toBeGreaterThanOrEqual(before);
  expect(made).toBeLessThan(Date.now() + 1_000);
});

test("streams are spread over the partitions, each always in the same one", () => {
  const id = newId();
  expect(partitionOf(id)).toBe(partitionOf(id));
  expect(new Set(Array.from({ length: 200 }, () => partitionOf(newId()))).size).toBe(8);
});

test("no id that is made at a time or later is below the least one of it", () => {
  const before = Date.now();
  const id = newId();
  expect([leastIdAt(before) < id, id < leastIdAt(Date.now() + 60_000)]).toEqual([true, true]);
  expect(leastIdAt(0x0123456789ab)).toBe("01234567-89ab-0000-0000-000000000000");
  expect([leastIdAt(-1), leastIdAt(2 ** 60)]).toEqual([
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-0000-0000-000000000000",
  ]);
});
