import { inTransaction } from "../../../platform/database.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { endHolds } from "../movement-repository.ts";
import { movementsOf, type ReservationRow, reservationKey } from "../reservation.ts";
import { endReservations, insertReservations } from "../reservation-repository.ts";
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
    const { held, before } = await endReservations(tx, "order", asked, "RELEASED");
    // Before the tombstones: who makes new reservations locks the stock first.
    const movements = [...held.values()].flatMap((hold) => movementsOf("RELEASED", hold, cause.actor));
    endHolds(tx, movements, cause.at);
    const tombstones = asked
      .filter((order) => !held.has(reservationKey(order)) && !before.has(reservationKey(order)))
      .map((order): ReservationRow => ({ ...order, kind: "order", status: "RELEASED", lines: [], expiresAt: null }));
    await insertReservations(tx, tombstones, cause.at);
    return before;
  });
  return requests.map(({ tenant, orderId }) => {
    const committed = known.get(reservationKey({ tenant, reference: orderId }))?.status === "COMMITTED";
    return { orderId, status: committed ? "COMMITTED" : "RELEASED" };
  });
};
