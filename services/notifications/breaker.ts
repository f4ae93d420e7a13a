import { after, type Instant } from "../../platform/clock.ts";
import type { Outcome } from "./message.ts";

const FAILURES = 5;
const SHORTEST_REST_MS = 2_000;
const LONGEST_REST_MS = 60_000;
/** For how long a provider is left alone at most that wants to be. */
const LONGEST_WANTED_MS = 3_600_000;

/**
 * Leaves a medium alone that has failed several times in a row: nothing is handed to it until its rest is over, then one
 * message, and after each that fails it rests twice as long, and never shorter than the provider wants. A message that is
 * refused for itself says nothing of the medium.
 */
export class Breaker {
  #failures = 0;
  #rests = 0;
  #restsUntil: Instant | undefined;

  /** Until when nothing is handed over; undefined when something may be. */
  restsUntil(now: Instant): Instant | undefined {
    return this.#restsUntil !== undefined && this.#restsUntil > now ? this.#restsUntil : undefined;
  }

  /** Whether the next message is there to find out if the medium works again. */
  get isOnTrial(): boolean {
    return this.#restsUntil !== undefined;
  }

  /** @param chance between 0 and 1: nodes do not come back together */
  record(outcome: Outcome, now: Instant, chance: number): void {
    if (outcome.kind !== "retry" || !outcome.broken) {
      this.#failures = 0;
      this.#rests = 0;
      this.#restsUntil = undefined;
      return;
    }
    this.#failures++;
    // What was on its way together with the failures that opened it says nothing new.
    if (this.restsUntil(now) !== undefined || (this.#failures < FAILURES && !this.isOnTrial)) return;
    const rest = Math.min(LONGEST_REST_MS, SHORTEST_REST_MS * 2 ** this.#rests) * (0.75 + chance / 2);
    this.#rests++;
    this.#restsUntil = after(now, Math.max(rest, Math.min(outcome.afterMs ?? 0, LONGEST_WANTED_MS)));
  }
}
