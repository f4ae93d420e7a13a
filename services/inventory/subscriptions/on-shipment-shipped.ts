import type { DomainService } from "../../../platform/service.ts";
import { on } from "../../../platform/subscriptions/subscription.ts";
import { endHolds } from "../movement-repository.ts";
import { movementsOf, reservationKey } from "../reservation.ts";
import { endReservations } from "../reservation-repository.ts";
import { causeOf } from "../shared/cause.ts";
import { sameLines } from "../stock.ts";

/**
 * Takes what was shipped out of the stock. A parcel that failed and is shipped again changes nothing more. A shipment
 * of what nobody holds is an error to be looked at: goods have left that the stock knows nothing of.
 */
export const onShipmentShipped = on("delivery.shipped.v1", async (tx, events, ctx) => {
  const service = ctx.service as unknown as DomainService;
  const cause = causeOf(service, ctx);
  const shipped = events.map(({ tenant, data, meta }) => ({
    tenant,
    reference: data.orderId,
    data,
    actor: meta.actor,
  }));
  const { held, before } = await endReservations(tx, "order", shipped, "COMMITTED");
  const actors = new Map<string, string>();
  for (const { data, actor, ...key } of shipped) {
    const hold = held.get(reservationKey(key));
    const ended = before.get(reservationKey(key));
    if (ended?.status === "COMMITTED") continue;
    if (!hold) {
      throw new Error(
        `Order ${data.orderId} was shipped, but its reservation ${ended ? "was released" : "does not exist"}.`,
      );
    }
    // All of an order leaves at once in v1; anything else would leave holds behind that nobody ends.
    if (!sameLines(hold.lines, data.lines)) {
      throw new Error(`Shipment ${data.shipmentId} of order ${data.orderId} has other lines than are reserved.`);
    }
    actors.set(reservationKey(key), actor);
  }
  const movements = [...held].flatMap(([key, hold]) => movementsOf("COMMITTED", hold, actors.get(key) as string));
  endHolds(tx, movements, cause.at);
});
