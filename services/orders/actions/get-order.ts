import { deepFreeze } from "../../../platform/deep-freeze.ts";
import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { Order } from "../contract.ts";
import { replay } from "../order.ts";
import { orderView } from "../order-view.ts";
import { eventsOf, type FoundOrder } from "../repository.ts";
import { openPersonalData, shownOrder } from "../shared/personal-data.ts";
import { etagOf, visibleOrder } from "../shared/visible-order.ts";

/** What was shown of orders, for as long as they are kept as they were read. */
const shown = new WeakMap<FoundOrder, Order>();

/** The order, now, or as it was at a version or a time. */
export const getOrder: ActionHandler<"orders.get"> = async function (ctx) {
  const { id, version, at } = ctx.params;
  const order = await visibleOrder(this, ctx, id);
  if (version === undefined && at === undefined) {
    ctx.meta.$responseHeaders = { ETag: etagOf(order.streamVersion) };
    let view = shown.get(order);
    if (!view) {
      view = deepFreeze(shownOrder(this.sealing, order));
      shown.set(order, view);
    }
    return view;
  }
  const events = (await eventsOf(this.log, order.state.tenant, [id])).get(id) ?? [];
  const until = at === undefined ? undefined : Date.parse(at);
  const then = replay(
    id,
    order.state.tenant,
    events,
    (state, time) => (version === undefined || state.version <= version) && (until === undefined || time <= until),
  );
  if (!then || (version !== undefined && then.version < version)) {
    throw notFound({ detail: "The order was not there yet, or has no such version." });
  }
  return orderView(then, openPersonalData(this.sealing, order));
};

/** Whether the caller may see an order: for the parts of the platform that show something of it. */
export const orderVisible: ActionHandler<"orders.visible"> = async function (ctx) {
  await visibleOrder(this, ctx, ctx.params.id);
  return { id: ctx.params.id };
};
