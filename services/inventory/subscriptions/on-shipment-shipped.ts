import type { DomainService } from "../../../platform/service.ts";
import { on } from "../../../platform/subscriptions/subscription.ts";
import { lockStockOf, moveStock } from "../repository.ts";
import { movementsOf, type ReservationRow, reservationKey } from "../reservation.ts";
import { endReservations, lockReservations } from "../reservation-repository.ts";
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
  const rows = await lockReservations(tx, "order", shipped);
  const leaving = new Map<string, { row: ReservationRow; actor: string }>();
  for (const { data, actor, ...key } of shipped) {
    const row = rows.get(reservationKey(key));
    if (row?.status === "COMMITTED") continue;
    if (row?.status !== "HELD") {
      throw new Error(
        `Order ${data.orderId} was shipped, but its reservation ${row ? "was released" : "does not exist"}.`,
      );
    }
    // All of an order leaves at once in v1; anything else would leave holds behind that nobody ends.
    if (!sameLines(row.lines, data.lines)) {
      throw new Error(`Shipment ${data.shipmentId} of order ${data.orderId} has other lines than are reserved.`);
    }
    leaving.set(reservationKey(row), { row, actor });
  }
  const committed = [...leaving.values()];
  const held = committed.map(({ row }) => row);
  const stocks = await lockStockOf(tx, held);
  const movements = committed.flatMap(({ row, actor }) => movementsOf("COMMITTED", row, actor));
  await moveStock(tx, service.log, stocks, movements, cause);
  await endReservations(tx, "order", held, "COMMITTED");
});
