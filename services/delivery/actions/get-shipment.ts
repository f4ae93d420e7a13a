import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { findShipment } from "../repository.ts";
import { viewerOf } from "../shared/viewer.ts";

/** A shipment with its trail. Throws NOT_FOUND for another one's. */
export const getShipment: ActionHandler<"delivery.get"> = async function (ctx) {
  const viewer = viewerOf(ctx);
  const shipment = await findShipment(this.database.of(viewer.tenant), viewer, ctx.params.id);
  if (!shipment) throw notFound();
  return shipment;
};
