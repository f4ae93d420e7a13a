import { after as later } from "../../../platform/clock.ts";
import { nextAttempt, scheduleOf } from "./schedule.ts";

const NOON = "2026-11-22T12:00:00.000Z";
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const schedule = scheduleOf(10_000);

/** When the next attempt is made after one that fails, both in ms after the first. */
function next(elapsed: number, random = 0.5): number | undefined {
  const due = nextAttempt(schedule, NOON, later(NOON, elapsed), random);
  return due === undefined ? undefined : Date.parse(due) - Date.parse(NOON);
}

/** When each attempt is made, in ms after the first, where all fail and none comes sooner. */
function attempts(random: () => number): number[] {
  const times = [0];
  for (;;) {
    const due = next(times.at(-1) as number, random());
    if (due === undefined) return times;
    times.push(due);
  }
}

describe("a delivery that fails", () => {
  test("has 11 attempts in about three days", () => {
    const times = attempts(() => 0.5);
    expect(times).toHaveLength(11);
    expect(times.slice(0, 4)).toEqual([0, 10_000, 70_000, 370_000]);
    expect((times.at(-1) as number) / HOUR_MS).toBeCloseTo(75.6, 1);
    expect(nextAttempt(schedule, undefined, NOON, 0.5)).toBe(later(NOON, 10_000));
  });

  test("is spread over a fifth of each pause, and has as many attempts however that falls out", () => {
    expect(attempts(() => 0).slice(1, 3)).toEqual([9_000, 63_900]);
    expect(attempts(() => 0.999).slice(1, 3)).toEqual([10_998, 75_888]);
    let calls = 0;
    const alternating = () => (calls++ % 2 ? 0 : 0.999);
    for (const random of [() => 0, () => 0.999, alternating]) expect(attempts(random)).toHaveLength(11);
  });

  test("is tried at the planned times by how long it has failed, however often it was tried before", () => {
    expect([0, 1, 2].map((minutes) => next(minutes * MINUTE_MS))).toEqual([10_000, 370_000, 370_000]);
    expect((next(40 * HOUR_MS) as number) / HOUR_MS).toBeCloseTo(51.6, 1);
    // Every attempt in between fails too, and none of them is the last.
    for (let elapsed = 0; elapsed < 70 * HOUR_MS; elapsed += 10 * MINUTE_MS) expect(next(elapsed)).toBeDefined();
  });

  test("is given up when that was as long as planned, however seldom it was tried", () => {
    expect(next(72 * HOUR_MS)).toBeUndefined();
    expect(next(200 * HOUR_MS)).toBeUndefined();
  });
});

test("an endpoint that fails is asked at least every five minutes, and given up after five days", () => {
  expect(schedule.probePauses).toEqual([10_000, 300_000]);
  expect(schedule.disableAfterMs).toBe(5 * 24 * HOUR_MS);
});
