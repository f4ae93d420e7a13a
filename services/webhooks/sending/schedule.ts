import { after, type Instant } from "../../../platform/clock.ts";

/** How often and for how long is tried to reach an endpoint. Times are in ms. */
export interface Schedule {
  /** From each failed attempt to the next; the last one for all after it. */
  readonly pauses: readonly number[];
  /** A delivery that has had all of its attempts is not given up sooner than this. */
  readonly leastMs: number;
  /** After so many failures in a row an endpoint is asked by one call at a time, */
  readonly brokenAfter: number;
  /** after pauses that grow from the first of these to the last, */
  readonly probePauses: readonly [first: number, longest: number];
  /** and is disabled when it has answered nothing but failures for so long. */
  readonly disableAfterMs: number;
}

/**
 * The schedule by its first pause. With 10 s: again after 10 s, 1 and 5 minutes, half an hour, 2, 5, 10, 14, 20 and 24
 * hours, which is three days and three hours; a broken endpoint is asked every five minutes, and disabled after five days.
 */
export function scheduleOf(firstMs: number): Schedule {
  return {
    pauses: [1, 6, 30, 180, 720, 1_800, 3_600, 5_040, 7_200, 8_640].map((factor) => factor * firstMs),
    leastMs: 21_600 * firstMs,
    brokenAfter: 5,
    probePauses: [firstMs, 30 * firstMs],
    disableAfterMs: 43_200 * firstMs,
  };
}

/** A delivery that has just failed. */
export interface FailedTry {
  /** How many attempts there were since it was put in the queue, the last one among them. */
  readonly tries: number;
  readonly queuedAt: Instant;
}

/**
 * When a failed delivery is tried again; undefined when it is given up. Attempts may come sooner than they are planned
 * (an endpoint has recovered, and is broken again), so that their number alone does not end them.
 *
 * @param random in [0, 1): spreads what has failed together over a fifth of the pause
 */
export function nextAttempt(
  { pauses, leastMs }: Schedule,
  { tries, queuedAt }: FailedTry,
  now: Instant,
  random: number,
): Instant | undefined {
  if (tries > pauses.length && Date.parse(now) - Date.parse(queuedAt) >= leastMs) return undefined;
  const pause = pauses[Math.min(tries, pauses.length) - 1] as number;
  return after(now, pause * (0.9 + random / 5));
}
