import { inTransaction } from "../../../platform/database.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { lockStockOf, moveStock } from "../repository.ts";
import { movementsOf, type ReservationRow, reservationKey } from "../reservation.ts";
import { endReservations, insertReservations, lockReservations } from "../reservation-repository.ts";
import { causeOf } from "../shared/cause.ts";

/**
 * Gives back what orders hold. An order without a hold gets a tombstone, by which a reserve that comes later is
 * refused; what has left the house stays COMMITTED.
 */
export const release: ActionHandler<"inventory.release"> = async function (ctx) {
  const { requests } = ctx.params;
  const orders = new Map(
    requests.map(({ tenant, orderId }) => {
      const order = { tenant, reference: orderId };
      return [reservationKey(order), order];
    }),
  );
  const cause = causeOf(this, ctx);
  const known = await inTransaction(ctx, async (tx) => {
    const asked = [...orders.values()];
    const rows = await lockReservations(tx, "order", asked);
    const held = [...rows.values()].filter(({ status }) => status === "HELD");
    const stocks = await lockStockOf(tx, held);
    await moveStock(
      tx,
      this.log,
      stocks,
      held.flatMap((row) => movementsOf("RELEASED", row, cause.actor)),
      cause,
    );
    await endReservations(tx, "order", held, "RELEASED");
    const tombstones = asked
      .filter((order) => !rows.has(reservationKey(order)))
      .map((order): ReservationRow => ({ ...order, kind: "order", status: "RELEASED", lines: [], expiresAt: null }));
    await insertReservations(tx, tombstones, cause.at);
    return rows;
  });
  return requests.map(({ tenant, orderId }) => {
    const committed = known.get(reservationKey({ tenant, reference: orderId }))?.status === "COMMITTED";
    return { orderId, status: committed ? "COMMITTED" : "RELEASED" };
  });
};
