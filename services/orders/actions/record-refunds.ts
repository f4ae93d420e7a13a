import { Clash, inTransaction } from "../../../platform/database.ts";
import { Problem } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { illegalOrderStatus } from "../contract.ts";
import { change, decide, type OrderChange, type OrderEvent, type OrderState, type RefundFact } from "../order.ts";
import { lockOrders, saveOrders } from "../repository.ts";

/** Takes refunds that have settled into the orders' streams, as a set. */
export const recordRefunds: ActionHandler<"orders.recordRefunds"> = async function (ctx) {
  const { refunds } = ctx.params;
  return inTransaction(ctx, async (tx) => {
    const found = await lockOrders(
      tx,
      refunds.map(({ orderId }) => orderId),
    );
    const orders = new Map(found.map((order) => [order.state.id, order]));
    const now = this.clock.now();
    const changes: OrderChange[] = [];
    const answers = refunds.map(({ tenant, orderId, eventId, actor, correlationId, ...refund }) => {
      const order = orders.get(orderId);
      // A second one of an order would be decided on what the first has changed: it is told again.
      orders.delete(orderId);
      const events = order?.state.tenant === tenant ? decided(refund, order.state) : undefined;
      if (!order || !events) return { orderId, recorded: false };
      const meta = { actor, ...(correlationId && { correlationId }), causationId: eventId };
      if (events.length > 0) changes.push(change(order, events, now, meta));
      return { orderId, recorded: true };
    });
    const saved = await saveOrders(tx, this.log, changes);
    // The rows are locked, so all are written; if not, nothing is.
    if (saved.size < changes.length) throw new Clash("an order has moved under its lock");
    return answers;
  });
};

/** What a refund makes of an order; undefined when the order cannot take it yet. */
function decided(refund: RefundFact, state: OrderState): OrderEvent[] | undefined {
  try {
    return decide({ kind: "refunded", refund }, state);
  } catch (error) {
    if (error instanceof Problem && error.type === illegalOrderStatus.code) return undefined;
    throw error;
  }
}
