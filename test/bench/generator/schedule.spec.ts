import { Schedule } from "./schedule.ts";

const takeAll = (schedule: Schedule, now: number) => {
  const taken: number[] = [];
  for (let due = schedule.take(now); due !== undefined; due = schedule.take(now)) taken.push(due);
  return taken;
};

describe("an open loop's schedule", () => {
  it("gives each due time once, evenly from the start", () => {
    const schedule = new Schedule(1_000, 200);
    expect(takeAll(schedule, 999)).toEqual([]);
    expect(takeAll(schedule, 1_012)).toEqual([1_000, 1_005, 1_010]);
    expect(takeAll(schedule, 1_012)).toEqual([]);
    expect(schedule.next).toBe(1_015);
  });

  it("omits nothing after a standstill: what was due meanwhile counts from when it was due", () => {
    const schedule = new Schedule(0, 100);
    takeAll(schedule, 0);
    expect(takeAll(schedule, 10_000)).toHaveLength(1_000);
    expect(schedule.next).toBe(10_010);
  });

  it("does not drift at a rate that does not divide a second", () => {
    const schedule = new Schedule(0, 333);
    expect(takeAll(schedule, 9_999.99)).toHaveLength(3_330);
  });
});
