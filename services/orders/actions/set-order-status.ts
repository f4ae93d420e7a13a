import { type ActionHandler, call } from "../../../platform/service.ts";
import { illegalOrderStatus } from "../contract.ts";
import { giveUp } from "../shared/give-up.ts";
import { shownOrder } from "../shared/personal-data.ts";
import { assertMatches, visibleOrder } from "../shared/visible-order.ts";

/**
 * An operator's change of status. It is never written: SHIPPED, DELIVERED and RETURNED move the shipment, which the
 * order follows, and CANCELLED is a cancel.
 */
export const setOrderStatus: ActionHandler<"orders.setStatus"> = async function (ctx) {
  const { id, status, reason } = ctx.params;
  if (status === "CANCELLED") return giveUp(this, ctx, { id, code: "OPERATOR", message: reason }, shownOrder);
  const order = await visibleOrder(this, ctx, id);
  assertMatches(ctx, order);
  if (order.state.status === status) return shownOrder(this.sealing, order);
  const shipment = order.state.shipments.at(-1);
  if (status === "PENDING" || status === "PENDING_SHIPMENT" || !shipment) {
    throw illegalOrderStatus({ detail: `An order that is ${order.state.status} cannot become ${status}.` });
  }
  await call(ctx, "delivery.move", { shipmentId: shipment.id, status, ...(reason && { detail: reason }) });
  return shownOrder(this.sealing, await visibleOrder(this, ctx, id));
};
