import { fitting } from "../../../platform/fitting.ts";
import { encodeCursor, idOfCursor } from "../../../platform/schema.ts";
import type { ActionHandler, Ctx, DomainService, Identity } from "../../../platform/service.ts";
import type { Order, OrderStatus } from "../contract.ts";
import { listOrders as listRows, type OrderFilter } from "../repository.ts";
import { shownOrder } from "../shared/personal-data.ts";

interface Query {
  readonly status?: OrderStatus;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

/** A tenant's orders, newest first; a customer's own when a customer asks. */
export const listOrders: ActionHandler<"orders.list"> = async function (ctx) {
  return list(this, ctx, ctx.params, ctx.params.customerId);
};

/** The orders of one customer. */
export const listOrdersOfUser: ActionHandler<"orders.listOfUser"> = async function (ctx) {
  return list(this, ctx, ctx.params, ctx.params.userId);
};

async function list(service: DomainService, ctx: Ctx, query: Query, customerId: string | undefined) {
  const { tenant, customer } = ctx.meta.identity as Identity;
  const { status, from, to, limit = 20 } = query;
  const before = query.cursor === undefined ? undefined : idOfCursor(query.cursor);
  // Another customer's orders are not there for a customer.
  if (customer && customerId && customerId !== customer) return { items: [], nextCursor: null };
  const filter: OrderFilter = {
    tenant,
    customerId: customer ?? customerId,
    status,
    from,
    to,
    before,
    limit: limit + 1,
  };
  const orders = await listRows(service.database, filter);
  // A page may be shorter than was asked for: a shop's metadata can be large.
  const items: readonly Order[] = fitting(orders.slice(0, limit).map((order) => shownOrder(service.sealing, order)));
  const last = items.at(-1);
  return { items: [...items], nextCursor: orders.length > items.length && last ? encodeCursor([last.id]) : null };
}
