import { after as later } from "../../../platform/clock.ts";
import { nextAttempt, scheduleOf } from "./schedule.ts";

const NOON = "2026-11-22T12:00:00.000Z";
const HOUR_MS = 3_600_000;
const schedule = scheduleOf(10_000);

/** When each attempt is made, in ms after the first, where all fail; `late` is added to each. */
function attempts(random: number, late = 0): number[] {
  const times = [0];
  for (;;) {
    const now = later(NOON, times.at(-1) as number);
    const next = nextAttempt(schedule, { tries: times.length, queuedAt: NOON }, now, random);
    if (next === undefined) return times;
    times.push(Date.parse(next) - Date.parse(NOON) + late);
  }
}

describe("a delivery that fails", () => {
  test("has 11 attempts in about three days", () => {
    const times = attempts(0.5);
    expect(times).toHaveLength(11);
    expect(times.slice(0, 4)).toEqual([0, 10_000, 70_000, 370_000]);
    expect((times.at(-1) as number) / HOUR_MS).toBeCloseTo(75.6, 1);
  });

  test("is spread over a fifth of each pause", () => {
    expect(attempts(0).slice(1, 3)).toEqual([9_000, 63_000]);
    expect(attempts(0.999).slice(1, 3)).toEqual([10_998, 76_986]);
  });

  test("is not given up before that, however often it was tried", () => {
    const often = { tries: 40, queuedAt: NOON };
    expect(nextAttempt(schedule, often, later(NOON, HOUR_MS), 0.5)).toBe(later(NOON, 25 * HOUR_MS));
    expect(nextAttempt(schedule, often, later(NOON, 60 * HOUR_MS), 0.5)).toBeUndefined();
  });
});

test("an endpoint that fails is asked at least every five minutes, and given up after five days", () => {
  expect(schedule.probePauses).toEqual([10_000, 300_000]);
  expect(schedule.disableAfterMs).toBe(5 * 24 * HOUR_MS);
});
