import { encodeCursor, idOfCursor } from "../../../platform/schema.ts";
import { type ActionHandler, call } from "../../../platform/service.ts";
import { listPayments } from "../repository.ts";

/** The payments of an order that the caller may see. Throws NOT_FOUND for another one's order. */
export const listOfOrder: ActionHandler<"payments.listOfOrder"> = async function (ctx) {
  const { id, limit = 20, cursor } = ctx.params;
  await call(ctx, "orders.visible", { id });
  const below = cursor === undefined ? undefined : idOfCursor(cursor);
  const tenant = ctx.meta.identity?.tenant ?? "";
  const items = await listPayments(this.database, tenant, id, below, limit + 1);
  const last = items.length > limit ? items[limit - 1] : undefined;
  return { items: items.slice(0, limit), nextCursor: last ? encodeCursor([last.id]) : null };
};
