import { after } from "../../../platform/clock.ts";
import { once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { outOfStock, referenceInUse } from "../contract.ts";
import { moveStock } from "../movement-repository.ts";
import { lockStockOf } from "../repository.ts";
import { hasExpired, movementsOf, type ReservationRow, reservationView } from "../reservation.ts";
import { findByReference, insertReservations } from "../reservation-repository.ts";
import { causeOf } from "../shared/cause.ts";
import { allocate, type Shortage, sameLines, summed } from "../stock.ts";

/**
 * Holds stock under a client's own reference, all lines or none, for a time or until it is released. The same again is
 * answered with the hold that is there. A reference is used once: a repetition that comes after the release must not
 * hold anything.
 */
export const reserveDirectly: ActionHandler<"inventory.reserveDirectly"> = async function (ctx) {
  const { reference, ttlSeconds } = ctx.params;
  const tenant = ownTenant(ctx);
  const lines = summed(ctx.params.items);
  const cause = causeOf(this, ctx);
  return once(ctx, async (tx) => {
    // The stock first, so that a twin that has waited here finds the reservation of the one before.
    const [stocks, known] = await Promise.all([
      lockStockOf(tx, [{ tenant, lines }]),
      findByReference(tx, { tenant, reference }),
    ]);
    if (known.length > 0) {
      const [one] = known as [ReservationRow];
      const same = known.length === 1 && one.kind === "direct" && sameLines(one.lines, lines);
      if (same && one.status === "HELD" && !hasExpired(one, cause.at)) return reservationView(one);
      throw referenceInUse(same ? { detail: "The reservation with this reference has ended." } : {});
    }
    const [allocation] = allocate(stocks, [{ tenant, lines }]);
    if (!allocation?.granted) throw outOfStock({ lines: (allocation?.short ?? []) satisfies readonly Shortage[] });
    const expiresAt = ttlSeconds === undefined ? null : after(cause.at, ttlSeconds * 1_000);
    const row: ReservationRow = { tenant, reference, kind: "direct", status: "HELD", lines, expiresAt };
    moveStock(tx, this.log, stocks, movementsOf("RESERVED", row, cause.actor), cause);
    await insertReservations(tx, [row], cause.at);
    return reservationView(row);
  });
};
