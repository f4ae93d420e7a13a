import { validationFailed } from "../../../platform/errors.ts";
import { feedEvent } from "../../../platform/feed-event.ts";
import { decodeCursor, encodeCursor } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { isInternal, type OrderEventType } from "../order.ts";
import { eventsOf } from "../repository.ts";
import { visibleOrder } from "../shared/visible-order.ts";

/** The events of an order, oldest first, each with who made it happen. */
export const orderHistory: ActionHandler<"orders.history"> = async function (ctx) {
  const { id, limit = 20, cursor } = ctx.params;
  const order = await visibleOrder(this, ctx, id);
  const after = cursor === undefined ? 0 : placeOf(cursor);
  const events = ((await eventsOf(this.log, order.state.tenant, [id])).get(id) ?? []).filter(
    (event) => !isInternal(event.type as OrderEventType) && event.version > after,
  );
  const items = events.slice(0, limit).map((event) => ({
    ...feedEvent(event),
    number: order.state.placed.number,
    actor: event.meta.actor,
    ...(event.meta.reason && { reason: event.meta.reason }),
  }));
  const last = events[items.length - 1];
  return { items, nextCursor: events.length > limit && last ? encodeCursor([last.version]) : null };
};

function placeOf(cursor: string): number {
  const [version, ...rest] = decodeCursor(cursor) ?? [];
  if (typeof version === "number" && Number.isSafeInteger(version) && version > 0 && rest.length === 0) return version;
  throw validationFailed({ errors: [{ path: "/cursor", message: "is not a cursor of this list" }] });
}
