/** How long the history is kept, whatever became of a delivery. */
export const KEPT_MS = 30 * 86_400_000;
