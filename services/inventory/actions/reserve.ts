import { inTransaction } from "../../../platform/database.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { lockStockOf, moveStock } from "../repository.ts";
import { movementsOf, type ReservationRow, reservationKey } from "../reservation.ts";
import { findReservations, insertReservations } from "../reservation-repository.ts";
import { causeOf } from "../shared/cause.ts";
import { allocate } from "../stock.ts";

/**
 * Holds the stock of orders, each all lines or none, in the order of asking. An order that has its hold keeps it; one
 * whose hold has ended gets no other.
 */
export const reserve: ActionHandler<"inventory.reserve"> = async function (ctx) {
  const { requests } = ctx.params;
  const orders = new Map(
    requests.map(({ tenant, orderId, lines }) => {
      const order = { tenant, reference: orderId, lines };
      return [reservationKey(order), order];
    }),
  );
  const cause = causeOf(this, ctx);
  const answers = await inTransaction(ctx, async (tx) => {
    const asked = [...orders.values()];
    // The stock first, then the reservations: whoever has waited here for a twin of the set reads what it has done.
    const stocks = await lockStockOf(tx, asked);
    const known = await findReservations(tx, "order", asked);
    const fresh = asked.filter((order) => !known.has(reservationKey(order)));
    const allocations = allocate(stocks, fresh);
    const held = fresh.flatMap((order, i): ReservationRow[] => {
      const allocation = allocations[i];
      if (!allocation?.granted) return [];
      return [{ ...order, lines: allocation.lines, kind: "order", status: "HELD", expiresAt: null }];
    });
    await moveStock(
      tx,
      this.log,
      stocks,
      held.flatMap((row) => movementsOf("RESERVED", row, cause.actor)),
      cause,
    );
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
