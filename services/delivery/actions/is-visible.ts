import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { findShipment } from "../repository.ts";
import { viewerOf } from "../shared/viewer.ts";

/** Whether the caller may see a shipment, whatever else they may. Throws NOT_FOUND when not. */
export const isVisible: ActionHandler<"delivery.visible"> = async function (ctx) {
  const { id } = ctx.params;
  const viewer = viewerOf(ctx);
  if (!(await findShipment(this.database.of(viewer.tenant), viewer, id))) throw notFound();
  return { id };
};
