import { isDeepStrictEqual } from "node:util";
import { inTransaction } from "../../../platform/database.ts";
import { type ActionHandler, serviceContext } from "../../../platform/service.ts";
import { replay, type StoredOrder } from "../order.ts";
import { eventsOf, lockOrders, orderIdsAfter, rewriteOrders } from "../repository.ts";

const SET = 200;
const FIRST = "00000000-0000-0000-0000-000000000000";

/**
 * Folds every order's events and writes the rows that differ. Orders go on meanwhile: a set is locked while it is
 * folded, so that no event falls between reading and writing.
 */
export const rebuildProjection: ActionHandler<"orders.rebuildProjection"> = async function () {
  let orders = 0;
  let changed = 0;
  for (let after = FIRST; ; ) {
    const ids = await orderIdsAfter(this.database, after, SET);
    if (ids.length === 0) return { orders, changed };
    changed += await inTransaction(serviceContext(this), async (tx) => {
      const locked = await lockOrders(tx, ids);
      const streams = await eventsOf(this.log, "*", ids);
      const wrong = locked.flatMap((stored): StoredOrder[] => {
        const { id, tenant } = stored.state;
        const events = streams.get(id) ?? [];
        const state = replay(id, tenant, events);
        if (!state) return [];
        const streamVersion = events.length;
        return isDeepStrictEqual({ state, streamVersion }, { state: stored.state, streamVersion: stored.streamVersion })
          ? []
          : [{ state, streamVersion }];
      });
      if (wrong.length > 0) await rewriteOrders(tx, wrong);
      return wrong.length;
    });
    orders += ids.length;
    after = ids.at(-1) as string;
  }
};
