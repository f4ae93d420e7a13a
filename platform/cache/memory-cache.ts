import { Cachers, type Context } from "moleculer";
import { answered, type Store, tenantKey } from "./tenant-cache.ts";

/** The most answers that are kept; a page of products is some 10 kB. */
const MOST = 1_000;

/** Moleculer's cache in memory, by tenant: for the embedded profile, where there is one process. */
export class MemoryCache extends Cachers.MemoryLRU {
  constructor() {
    // Each caller gets a copy of its own, to do with as it likes.
    super({ keygen: tenantKey as never, max: MOST, clone: structuredClone });
  }

  override middlewareWithoutLock(ctx: Context, key: string | null, handler: (ctx: Context) => Promise<unknown>) {
    return answered(this as unknown as Store, ctx, key, handler);
  }
}
