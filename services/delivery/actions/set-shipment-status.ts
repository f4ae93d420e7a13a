import { notFound } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import { newId } from "../../../platform/ids.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { DeliveryService } from "../carriers/carrier.ts";
import { illegalTransition, type Shipment } from "../contract.ts";
import { findShipment, lockShipment } from "../repository.ts";
import { recordMoves } from "../shared/record-moves.ts";
import { viewerOf } from "../shared/viewer.ts";
import { decide, type Move } from "../shipment.ts";

/**
 * Moves a shipment on by hand, one legal step. Where it is already, nothing happens. Throws NOT_FOUND and
 * ILLEGAL_TRANSITION.
 */
export const setShipmentStatus: ActionHandler<"delivery.setStatus", DeliveryService> = async function (ctx) {
  const { shipmentId, status, detail, location, trackingNumber } = ctx.params;
  const viewer = viewerOf(ctx);
  const by = viewer.identity.customer ?? viewer.identity.client;
  const said = { ...(detail !== undefined && { detail }), ...(location !== undefined && { location }) };
  const move: Move =
    status === "CANCELLED"
      ? {
          to: status,
          ...said,
          cancellation: { code: "OPERATOR", by, ...(detail !== undefined && { message: detail }) },
        }
      : { to: status, ...said, ...(trackingNumber !== undefined && { trackingNumber }) };
  return once(ctx, async (tx): Promise<Shipment> => {
    // The carrier's parcel before the shipment, in the order in which its reports lock them.
    if (status !== "PROCESSING" && status !== "SHIPPED") await this.carrier.release(tx, shipmentId);
    const shipment = await lockShipment(tx, viewer, shipmentId);
    if (!shipment) throw notFound();
    const moves = decide({ type: "move", move }, shipment.status);
    if (moves === "illegal") {
      throw illegalTransition({ detail: `A shipment that is ${shipment.status} cannot become ${status}.` });
    }
    recordMoves(tx, this, [{ shipment, moves, meta: { actor: by, correlationId: ctx.requestID ?? newId() } }]);
    return (await findShipment(tx, viewer, shipment.id)) as Shipment;
  });
};
