import { conflict, notFound } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { endHolds } from "../movement-repository.ts";
import { movementsOf, reservationKey, reservationView } from "../reservation.ts";
import { endReservations, findByReference } from "../reservation-repository.ts";
import { causeOf } from "../shared/cause.ts";

/** Gives a direct reservation back; one that has ended already is answered as it is. */
export const releaseDirectly: ActionHandler<"inventory.releaseDirectly"> = async function (ctx) {
  const tenant = ownTenant(ctx);
  const key = { tenant, reference: ctx.params.reference };
  const cause = causeOf(this, ctx);
  return once(ctx, async (tx) => {
    const held = (await endReservations(tx, "direct", [key], "RELEASED")).held.get(reservationKey(key));
    const found = await findByReference(tx, key);
    // Last, because it locks the stock.
    if (held) endHolds(tx, movementsOf("RELEASED", held, cause.actor), cause.at);
    const own = found.find(({ kind }) => kind === "direct");
    if (own) return reservationView(own);
    if (found.length > 0) throw conflict({ detail: "This is the hold of an order, which ends with the order alone." });
    throw notFound();
  });
};
