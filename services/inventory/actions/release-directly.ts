import { conflict, notFound } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import { lockStockOf, moveStock } from "../repository.ts";
import { movementsOf, reservationKey, reservationView } from "../reservation.ts";
import { endReservations, findByReference, lockReservations } from "../reservation-repository.ts";
import { causeOf } from "../shared/cause.ts";

/** Gives a direct reservation back; one that has ended already is answered as it is. */
export const releaseDirectly: ActionHandler<"inventory.releaseDirectly"> = async function (ctx) {
  const { tenant } = ctx.meta.identity as Identity;
  const key = { tenant, reference: ctx.params.reference };
  const cause = causeOf(this, ctx);
  return once(ctx, async (tx) => {
    const row = (await lockReservations(tx, "direct", [key])).get(reservationKey(key));
    if (!row) {
      const [order] = await findByReference(tx, key);
      if (order) throw conflict({ detail: "This is the hold of an order, which ends with the order alone." });
      throw notFound();
    }
    if (row.status !== "HELD") return reservationView(row);
    const stocks = await lockStockOf(tx, [row]);
    await moveStock(tx, this.log, stocks, movementsOf("RELEASED", row, cause.actor), cause);
    await endReservations(tx, "direct", [row], "RELEASED");
    return reservationView({ ...row, status: "RELEASED" });
  });
};
