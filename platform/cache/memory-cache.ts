import { LRUCache } from "lru-cache";
import { Cachers, type Context } from "moleculer";
import { deepFreeze } from "../deep-freeze.ts";
import { answered, type Store, tenantKey } from "./tenant-cache.ts";

/**
 * The most answers that are kept, and the most characters of them as JSON: of products by themselves the number is what
 * bounds it, of pages of them, which have some 10,000 each, the length.
 */
const MOST = 10_000;
const MOST_LENGTH = 16 * 1_024 * 1_024;

/** What Moleculer's cacher has and its types do not tell. */
interface Inside {
  cache: LRUCache<string, object>;
}

/** Moleculer's cache in memory, by tenant: for the embedded profile, where there is one process. */
export class MemoryCache extends Cachers.MemoryLRU {
  constructor() {
    // All callers get the same answer: to copy it for each took longer than the rest of the call.
    super({ keygen: tenantKey as never, clone: deepFreeze });
    // Moleculer's own is bounded by the number of answers alone, and a page of the largest products has 4 MB.
    (this as unknown as Inside).cache = new LRUCache<string, object>({
      max: MOST,
      maxSize: MOST_LENGTH,
      sizeCalculation: (answer) => JSON.stringify(answer).length,
    });
  }

  override get(key: string): Promise<never> {
    return Promise.resolve((this as unknown as Inside).cache.get(key) as never);
  }

  override middlewareWithoutLock(ctx: Context, key: string | null, handler: (ctx: Context) => Promise<unknown>) {
    return answered(this as unknown as Store, ctx, key, handler);
  }
}
