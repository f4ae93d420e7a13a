import { after, type Instant } from "../../../platform/clock.ts";

/** How often and for how long is tried to reach an endpoint. Times are in ms. */
export interface Schedule {
  /** When a delivery is tried again, each counted from its first failure. After the last one it is given up. */
  readonly retriesAt: readonly number[];
  /** After so many failures in a row an endpoint is asked by one call at a time, */
  readonly brokenAfter: number;
  /** after pauses that grow from the first of these to the last, */
  readonly probePauses: readonly [first: number, longest: number];
  /** and is disabled when it has answered nothing but failures for so long. */
  readonly disableAfterMs: number;
  /** An endpoint that says when to come again is left alone for so long at most. */
  readonly longestRestMs: number;
}

/**
 * The schedule by its first pause. With 10 s: again after 10 s, 1 and 5 minutes, half an hour, 2, 5, 10, 14, 20 and 24
 * hours, which is three days and three hours; a broken endpoint is asked every five minutes, and disabled after five days.
 */
export function scheduleOf(firstMs: number): Schedule {
  return {
    retriesAt: [1, 7, 37, 217, 937, 2_737, 6_337, 11_377, 18_577, 27_217].map((factor) => factor * firstMs),
    brokenAfter: 5,
    probePauses: [firstMs, 30 * firstMs],
    disableAfterMs: 43_200 * firstMs,
    longestRestMs: 86_400_000,
  };
}

/** An attempt that comes to within this part of a pause of the next planned one stands for it. */
const EARLY = 0.2;

/**
 * When a failed delivery is tried again; undefined when it is given up. Attempts come sooner than they are planned when
 * their endpoint has recovered and is broken again, and later when it is left alone: what is planned follows the time and
 * not their number, so that they are over when the plan is.
 *
 * @param failingSince when it failed first since it was put in the queue; undefined when that is now
 * @param random in [0, 1): spreads what has failed together over a fifth of the pause
 */
export function nextAttempt(
  { retriesAt }: Schedule,
  failingSince: Instant | undefined,
  now: Instant,
  random: number,
): Instant | undefined {
  const elapsed = failingSince === undefined ? 0 : Date.parse(now) - Date.parse(failingSince);
  const next = retriesAt.find((at, i) => at - elapsed >= EARLY * (at - (retriesAt[i - 1] ?? 0)));
  return next === undefined ? undefined : after(now, (next - elapsed) * (0.9 + random / 5));
}
