import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { findOfOrder } from "../repository.ts";
import { viewerOf } from "../shared/viewer.ts";

/** The latest shipment of an order. Throws NOT_FOUND for another one's order, and before there is a shipment. */
export const getShipmentOfOrder: ActionHandler<"delivery.getOfOrder"> = async function (ctx) {
  const viewer = viewerOf(ctx);
  const shipment = await findOfOrder(this.database.of(viewer.tenant), viewer, ctx.params.orderId);
  if (!shipment) throw notFound();
  return shipment;
};
