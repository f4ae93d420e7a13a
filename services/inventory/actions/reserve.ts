import { inTransaction } from "../../../platform/database.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { type HeldOrder, holdAll, moveStock } from "../movement-repository.ts";
import { lockStockOf } from "../repository.ts";
import { movementsOf, type ReservationRow, reservationKey } from "../reservation.ts";
import { findReservations, insertReservations } from "../reservation-repository.ts";
import { causeOf } from "../shared/cause.ts";
import { allocate, summed } from "../stock.ts";

/**
 * Holds the stock of orders, each all lines or none, in the order of asking. An order that has its hold keeps it; one
 * whose hold has ended gets no other.
 */
export const reserve: ActionHandler<"inventory.reserve"> = async function (ctx) {
  const { requests } = ctx.params;
  const orders = new Map(
    requests.map(({ tenant, orderId, lines }): [string, HeldOrder] => {
      const order = { tenant, reference: orderId, lines: summed(lines) };
      return [reservationKey(order), order];
    }),
  );
  const asked = [...orders.values()];
  const cause = causeOf(this, ctx);
  const movements = asked.flatMap((order) => movementsOf("RESERVED", order, cause.actor));
  if (await holdAll(this.database, asked, movements, cause.at))
    return requests.map(({ orderId }) => ({ orderId, status: "HELD" }));
  const answers = await inTransaction(ctx, async (tx) => {
    // The stock first, then the reservations: whoever has waited here for a twin of the set reads what it has done.
    const [stocks, known] = await Promise.all([lockStockOf(tx, asked), findReservations(tx, "order", asked)]);
    const fresh = asked.filter((order) => !known.has(reservationKey(order)));
    const allocations = allocate(stocks, fresh);
    const held = fresh
      .filter((_, i) => allocations[i]?.granted)
      .map((order): ReservationRow => ({ ...order, kind: "order", status: "HELD", expiresAt: null }));
    const taken = held.flatMap((row) => movementsOf("RESERVED", row, cause.actor));
    moveStock(tx, this.log, stocks, taken, cause);
    await insertReservations(tx, held, cause.at);
    return new Map([...known, ...held.map((row) => [reservationKey(row), row] as const)]);
  });
  return requests.map(({ tenant, orderId }) => {
    const row = answers.get(reservationKey({ tenant, reference: orderId }));
    // What was committed was held: the order has its goods.
    const status = row === undefined ? "OUT_OF_STOCK" : row.status === "RELEASED" ? "RELEASED" : "HELD";
    return { orderId, status };
  });
};
