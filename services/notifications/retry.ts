import { after, type Instant } from "../../platform/clock.ts";
import type { Outcome, RecordedMessage, Settlement } from "./message.ts";

const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** With those pauses the last attempt is some thirty hours after the first. */
export const MOST_ATTEMPTS = 36;

/**
 * How long to wait before a message is tried again, in ms: twice as long after each attempt up to an hour, a quarter more
 * or less, and never less than the provider wants.
 *
 * @param chance between 0 and 1, so that what has failed together does not come again together
 */
export function pauseAfter(attempts: number, chance: number, wantedMs = 0): number {
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1)) * (0.75 + chance / 2);
  return Math.round(Math.max(pause, Math.min(wantedMs, LONGEST_PAUSE_MS)));
}

/** What an outcome makes of a message: sent, tried again later, or given up to the dead letters. */
export function settlementOf<M extends Pick<RecordedMessage, "attempts">>(
  message: M,
  outcome: Outcome,
  now: Instant,
  chance: number,
): Settlement<M> {
  const attempts = message.attempts + 1;
  switch (outcome.kind) {
    case "delivered":
      return { message, state: "SENT", attempts };
    case "refused":
      return { message, state: "DEAD", attempts, reason: outcome.reason };
    case "retry": {
      const { reason, afterMs } = outcome;
      if (attempts >= MOST_ATTEMPTS) return { message, state: "DEAD", attempts, reason };
      return { message, state: "PENDING", attempts, reason, dueAt: after(now, pauseAfter(attempts, chance, afterMs)) };
    }
    default:
      return outcome satisfies never;
  }
}
