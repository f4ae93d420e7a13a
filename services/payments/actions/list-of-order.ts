import { deadlineOf } from "../../../platform/deadline.ts";
import { encodeCursor, idOfCursor } from "../../../platform/schema.ts";
import { type ActionHandler, call, serviceContext } from "../../../platform/service.ts";
import { listPayments } from "../repository.ts";

/** The payments of an order that the caller may see. Throws NOT_FOUND for another one's order. */
export const listOfOrder: ActionHandler<"payments.listOfOrder"> = async function (ctx) {
  const { id, limit = 20, cursor } = ctx.params;
  // Who is at the operators' prompt has no token by which `orders` could know them.
  const hasToken = ctx.meta.identity?.tokenId !== undefined;
  const asking = hasToken ? ctx : serviceContext(this, ctx.meta.identity?.tenant, deadlineOf(ctx));
  await call(asking, "orders.visible", { id });
  const below = cursor === undefined ? undefined : idOfCursor(cursor);
  const tenant = ctx.meta.identity?.tenant ?? "";
  const items = await listPayments(this.database, tenant, id, below, limit + 1);
  const last = items.length > limit ? items[limit - 1] : undefined;
  return { items: items.slice(0, limit), nextCursor: last ? encodeCursor([last.id]) : null };
};
