/** How a failing event is tried again. */
export interface RetryPolicy {
  /** Attempts in all, after which the event is a dead letter. */
  readonly attempts: number;
  /** The pause before the second attempt and the longest one, in ms. It doubles, and each is jittered. */
  readonly firstMs: number;
  readonly longestMs: number;
}

export const defaultRetries: RetryPolicy = { attempts: 10, firstMs: 100, longestMs: 60_000 };

/** How long to wait after so many attempts, in ms. */
export function pauseAfter(attempts: number, { firstMs, longestMs }: RetryPolicy): number {
  return Math.min(longestMs, firstMs * 2 ** (attempts - 1)) * (0.5 + Math.random() / 2);
}
