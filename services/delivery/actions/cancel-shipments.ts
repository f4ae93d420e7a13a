import { inTransaction } from "../../../platform/database.ts";
import { newId } from "../../../platform/ids.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { addTombstones, holdOrders, lockOfOrders, type OrderKey } from "../repository.ts";
import { type Moving, recordMoves } from "../shared/record-moves.ts";
import { type Cancellation, decide, type Move } from "../shipment.ts";

/**
 * Decides for each order whether it can still be cancelled. A shipment that has not left is CANCELLED; without one a
 * tombstone has it made CANCELLED when the order's confirmation comes.
 */
export const cancelShipments: ActionHandler<"delivery.cancel"> = async function (ctx) {
  const { requests } = ctx.params;
  return inTransaction(ctx, async (tx) => {
    holdOrders(
      tx,
      requests.map((request) => request.orderId),
      "alone",
    );
    const shipments = new Map((await lockOfOrders(tx, requests)).map((shipment) => [keyOf(shipment), shipment]));
    const decided = new Map<string, boolean>();
    const moving: Moving[] = [];
    const early: (OrderKey & Cancellation)[] = [];
    for (const { tenant, orderId, ...cancellation } of requests) {
      const key = keyOf({ tenant, orderId });
      if (decided.has(key)) continue;
      const shipment = shipments.get(key);
      if (!shipment) early.push({ tenant, orderId, ...cancellation });
      const moves: readonly Move[] | "illegal" = shipment
        ? decide({ type: "cancel", cancellation }, shipment.status)
        : [];
      decided.set(key, moves !== "illegal");
      if (!shipment || moves === "illegal") continue;
      moving.push({ shipment, moves, meta: { actor: cancellation.by, correlationId: ctx.requestID ?? newId() } });
    }
    addTombstones(tx, early, this.clock.now());
    recordMoves(tx, this, moving);
    return requests.map((request) => ({ orderId: request.orderId, cancelled: decided.get(keyOf(request)) ?? false }));
  });
};

function keyOf({ tenant, orderId }: OrderKey): string {
  return `${tenant}/${orderId.toLowerCase()}`;
}
