/**
 * The most bytes of a list in one answer. Between nodes an answer is one message, and NATS takes none above its
 * `max_payload`, which is 8 MB here: who asked would wait for it in vain.
 */
const MOST_BYTES = 4 * 1_024 * 1_024;

/** The first items of a list, as many as one answer may hold; one at least, as a single item is never cut. */
export function fitting<T>(items: readonly T[]): readonly T[] {
  let bytes = 0;
  for (const [i, item] of items.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(item));
    if (bytes > MOST_BYTES && i > 0) return items.slice(0, i);
  }
  return items;
}
