import { Cachers, type Context } from "moleculer";
import { deepFreeze } from "../deep-freeze.ts";
import { answered, type Store, tenantKey } from "./tenant-cache.ts";

/** The most answers that are kept; a page of products is some 10 kB. */
const MOST = 1_000;

/** What Moleculer's cacher has and its types do not tell. */
interface Inside {
  readonly cache: { get(key: string): never };
}

/** Moleculer's cache in memory, by tenant: for the embedded profile, where there is one process. */
export class MemoryCache extends Cachers.MemoryLRU {
  constructor() {
    // All callers get the same answer: to copy it for each took longer than the rest of the call.
    super({ keygen: tenantKey as never, max: MOST, clone: deepFreeze });
  }

  override get(key: string): Promise<never> {
    return Promise.resolve((this as unknown as Inside).cache.get(key));
  }

  override middlewareWithoutLock(ctx: Context, key: string | null, handler: (ctx: Context) => Promise<unknown>) {
    return answered(this as unknown as Store, ctx, key, handler);
  }
}
