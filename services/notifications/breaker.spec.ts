import { after } from "../../platform/clock.ts";
import { Breaker } from "./breaker.ts";

const NOW = "2026-11-21T10:00:00.000Z";
const broken = { kind: "retry", reason: "SMTP_ECONNECTION", broken: true } as const;
const refusedOnce = { kind: "retry", reason: "SMTP_451", broken: false } as const;

function opened(): Breaker {
  const breaker = new Breaker();
  for (let n = 0; n < 5; n++) breaker.record(broken, NOW, 0.5);
  return breaker;
}

test("opens after five failures in a row, and for twice as long after each that follows", () => {
  const breaker = new Breaker();
  for (let n = 0; n < 4; n++) breaker.record(broken, NOW, 0.5);
  breaker.record({ kind: "delivered" }, NOW, 0.5);
  for (let n = 0; n < 4; n++) breaker.record(broken, NOW, 0.5);
  expect(breaker.restsUntil(NOW)).toBeUndefined();
  breaker.record(broken, NOW, 0.5);
  expect(breaker.restsUntil(NOW)).toBe(after(NOW, 2_000));
  // What was on its way with them.
  breaker.record(broken, NOW, 0.5);
  expect(breaker.restsUntil(NOW)).toBe(after(NOW, 2_000));
  const then = after(NOW, 2_000);
  expect([breaker.restsUntil(then), breaker.isOnTrial]).toEqual([undefined, true]);
  breaker.record(broken, then, 0.5);
  expect(breaker.restsUntil(then)).toBe(after(then, 4_000));
});

test("closes with the first message that is taken, and begins anew", () => {
  const breaker = opened();
  const then = after(NOW, 2_000);
  breaker.record({ kind: "delivered" }, then, 0.5);
  expect(breaker.isOnTrial).toBe(false);
  breaker.record(broken, then, 0.5);
  expect(breaker.restsUntil(then)).toBeUndefined();
});

test("rests for as long as the provider wants, up to an hour", () => {
  for (const [afterMs, restMs] of [
    [600_000, 600_000],
    [500, 4_000],
    [1e12, 3_600_000],
  ] as const) {
    const breaker = opened();
    const then = breaker.restsUntil(NOW) as string;
    breaker.record({ ...broken, afterMs }, then, 0.5);
    expect(breaker.restsUntil(then)).toBe(after(then, restMs));
  }
});

test("is not opened by what is wrong with a message, and rests a minute at most", () => {
  const breaker = new Breaker();
  for (let n = 0; n < 50; n++) breaker.record(refusedOnce, NOW, 0.5);
  expect(breaker.restsUntil(NOW)).toBeUndefined();
  const worn = opened();
  let now = NOW;
  for (let n = 0; n < 10; n++) {
    now = worn.restsUntil(now) ?? now;
    worn.record(broken, now, 0.5);
  }
  expect(worn.restsUntil(now)).toBe(after(now, 60_000));
});
