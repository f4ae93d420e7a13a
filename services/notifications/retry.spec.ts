import type { RecordedMessage } from "./message.ts";
import { MOST_ATTEMPTS, pauseAfter, settlementOf } from "./retry.ts";

const NOW = "2026-11-21T10:00:00.000Z";
const message = (attempts: number): RecordedMessage => ({
  ...{ id: "m", tenant: "demo", orderId: "o", eventId: "e", version: 1 },
  ...{ type: "ORDER_PLACED", medium: "email", attempts },
});
const later = { kind: "retry", reason: "SMTP_451", broken: false } as const;

test("pauses double up to an hour, and are never shorter than the provider wants", () => {
  expect([1, 2, 3, 20].map((attempts) => pauseAfter(attempts, 0.5))).toEqual([10_000, 20_000, 40_000, 3_600_000]);
  expect([pauseAfter(1, 0), pauseAfter(1, 1)]).toEqual([7_500, 12_500]);
  expect([pauseAfter(1, 0.5, 90_000), pauseAfter(1, 0.5, 1_000), pauseAfter(1, 0.5, 1e12)]).toEqual([
    90_000, 10_000, 3_600_000,
  ]);
});

test("a message is tried for longer than a day, and is a dead letter after that", () => {
  let tried = 0;
  for (let attempts = 1; attempts < MOST_ATTEMPTS; attempts++) tried += pauseAfter(attempts, 0);
  expect(tried).toBeGreaterThan(20 * 3_600_000);
  expect(settlementOf(message(MOST_ATTEMPTS - 2), later, NOW, 0.5).state).toBe("PENDING");
  expect(settlementOf(message(MOST_ATTEMPTS - 1), later, NOW, 0.5)).toMatchObject({
    state: "DEAD",
    reason: "SMTP_451",
  });
});

test("what was taken is sent, what is refused is a dead letter at once, all else is tried again", () => {
  expect(settlementOf(message(3), { kind: "delivered" }, NOW, 0.5)).toMatchObject({ state: "SENT", attempts: 4 });
  expect(settlementOf(message(0), { kind: "refused", reason: "SMTP_550" }, NOW, 0.5)).toMatchObject({
    state: "DEAD",
    reason: "SMTP_550",
  });
  expect(settlementOf(message(0), later, NOW, 0.5)).toMatchObject({
    ...{ state: "PENDING", attempts: 1, reason: "SMTP_451" },
    dueAt: "2026-11-21T10:00:10.000Z",
  });
});
