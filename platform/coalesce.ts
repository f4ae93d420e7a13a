import { Errors } from "moleculer";
import { isConnectionLoss } from "./database.ts";
import { isUnavailable } from "./errors.ts";

/** So many items wait at most: what the bulkheads of a few actions let in. Beyond that the database is too slow for them. */
const MOST_WAITING = 2_048;

/**
 * Does singly asked work in sets: while one set runs, the items that arrive wait and are the next set together. No
 * item waits for company, so a lone one is as fast as without; under load the sets grow by themselves, up to `max`.
 * A set that fails is done again item by item, in order, so that only the culprit fails. When too many wait, the next one
 * is refused with QUEUE_FULL.
 *
 * `runSet` answers one result an item, in the order given, and leaves nothing behind when it rejects (one
 * transaction, mostly). It is never run twice at a time.
 */
export function coalesce<I, R>(
  runSet: (items: readonly I[]) => Promise<readonly R[]>,
  { max, mostWaiting = MOST_WAITING }: { readonly max: number; readonly mostWaiting?: number },
): (item: I) => Promise<R> {
  let waiting: Waiting<I, R>[] = [];
  let running = false;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const set = waiting.slice(0, max);
      waiting = waiting.slice(max);
      try {
        await settle(set, runSet);
      } catch (error) {
        if (set.length === 1 || isAway(error)) for (const one of set) one.reject(error);
        else await settleSingly(set, runSet);
      }
    }
    running = false;
  }

  return (item) =>
    new Promise<R>((resolve, reject) => {
      if (waiting.length >= mostWaiting) throw new Errors.QueueIsFullError({});
      waiting.push({ item, resolve, reject });
      if (running) return;
      running = true;
      // A microtask later, so that what is asked in one go is one set from the start.
      queueMicrotask(run);
    });
}

interface Waiting<I, R> {
  readonly item: I;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

type RunSet<I, R> = (items: readonly I[]) => Promise<readonly R[]>;

async function settle<I, R>(set: readonly Waiting<I, R>[], runSet: RunSet<I, R>): Promise<void> {
  const results = await runSet(set.map((one) => one.item));
  if (results.length !== set.length) throw new Error(`${results.length} results for ${set.length} items`);
  set.forEach((one, i) => {
    one.resolve(results[i] as R);
  });
}

async function settleSingly<I, R>(set: readonly Waiting<I, R>[], runSet: RunSet<I, R>): Promise<void> {
  let away: unknown;
  for (const one of set) {
    if (away) {
      one.reject(away);
      continue;
    }
    try {
      await settle([one], runSet);
    } catch (error) {
      one.reject(error);
      if (isAway(error)) away = error;
    }
  }
}

/** No item is at fault when the database is away: asking it again for each would only hold everybody up longer. */
function isAway(error: unknown): boolean {
  return isConnectionLoss(error) || isUnavailable(error);
}
