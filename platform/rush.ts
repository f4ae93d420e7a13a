import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";

/** So many requests at a time that wait for their answer are a rush. */
const RUSH = 16;
/** What is let wait so long has waited long enough, in ms: then it is done as fast as it can be, rush or not. */
const PATIENCE_MS = 15_000;
/**
 * In a rush all the work behind the requests together pauses so many times as long as it took: the more loops there are,
 * the longer each waits for its turn.
 */
const PAUSE = 4;
/** The longest pause of one loop, in ms, where none is said, and how often it is looked whether the rush has ended. */
const LONGEST_MS = 2_000;
const LOOK_MS = 25;

interface Urgent {
  inHand: number;
  begun: number;
  /** When the pauses for all that was done behind them are over. */
  evenAt: number;
}

const urgent = new WeakMap<ServiceBroker, Urgent>();

/** Work that somebody waits for. While much of it is in hand in this process, `giveWay` makes other work pause. */
export async function urgently<T>(broker: ServiceBroker, work: () => Promise<T>): Promise<T> {
  const count = urgent.get(broker) ?? { inHand: 0, begun: 0, evenAt: 0 };
  urgent.set(broker, count);
  count.inHand++;
  count.begun++;
  try {
    return await work();
  } finally {
    count.inHand--;
  }
}

/**
 * To be awaited between two pieces of work that nobody waits for: in a rush it pauses, but no longer than that lasts.
 * So in a process that does both, orders are accepted first and brought on their way a little later, in larger sets.
 * Nobody is starved: beyond fifteen seconds of delay there is no pause any more, and the rush feels it.
 *
 * @param took how long the piece before took, in ms
 * @param age how old the oldest of it was when it began, in ms
 * @param longestMs the longest pause, in ms
 */
export async function giveWay(
  broker: ServiceBroker,
  took: number,
  age: number,
  signal: AbortSignal,
  longestMs = LONGEST_MS,
): Promise<void> {
  const count = urgent.get(broker);
  if (!count || age > PATIENCE_MS) return;
  let isRush = count.inHand >= RUSH;
  if (!isRush) return;
  const now = performance.now();
  count.evenAt = Math.min(Math.max(now, count.evenAt) + PAUSE * took, now + LONGEST_MS);
  const until = Math.min(count.evenAt, now + longestMs);
  for (let left = until - performance.now(); isRush && left > 0 && !signal.aborted; left = until - performance.now()) {
    const { begun } = count;
    await sleep(Math.min(left, LOOK_MS), undefined, { signal }).catch(() => {});
    // Answers go out in sets: for a moment nothing is in hand in the middle of a rush.
    isRush = count.inHand >= RUSH || count.begun - begun >= RUSH;
  }
}
