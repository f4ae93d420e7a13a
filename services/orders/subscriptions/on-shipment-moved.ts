import type { Events } from "../../../platform/contracts.ts";
import { Clash, type Tx } from "../../../platform/database.ts";
import type { SequencedEvent } from "../../../platform/event-log.ts";
import type { Ctx, DomainService } from "../../../platform/service.ts";
import { type EventHandler, on } from "../../../platform/subscriptions/subscription.ts";
import { change, decide, type OrderChange, type ShipmentFact, type ShipmentOfOrder } from "../order.ts";
import { lockOrders, saveOrders } from "../repository.ts";

type ShipmentEvent = Extract<keyof Events, `delivery.${string}`>;

const STATUS: { [T in ShipmentEvent]: ShipmentOfOrder["status"] } = {
  "delivery.processing.v1": "PROCESSING",
  "delivery.shipped.v1": "SHIPPED",
  "delivery.delivered.v1": "DELIVERED",
  "delivery.failed.v1": "FAILED",
  "delivery.returned.v1": "RETURNED",
  "delivery.cancelled.v1": "CANCELLED",
};

/** The order follows its shipment, whatever the shipment does: delivery leads the status alone. */
export const onShipmentMoved: readonly EventHandler[] = (Object.keys(STATUS) as ShipmentEvent[]).map(
  (type) => on(type, follow) as unknown as EventHandler,
);

async function follow(tx: Tx, events: readonly SequencedEvent<ShipmentEvent>[], ctx: Ctx): Promise<void> {
  const { log, clock } = ctx.service as unknown as DomainService;
  const found = await lockOrders(
    tx,
    events.map((event) => event.data.orderId),
  );
  const orders = new Map(found.map((order) => [order.state.id, order]));
  const now = clock.now();
  const changes: OrderChange[] = [];
  for (const event of events) {
    const order = orders.get(event.data.orderId);
    if (!order) throw new Error(`there is no order ${event.data.orderId}`);
    const fact: ShipmentFact = { ...event.data, version: event.version };
    const decided = decide({ kind: "shipment-moved", status: STATUS[event.type], shipment: fact }, order.state);
    const { correlationId, actor, reason } = event.meta;
    const meta = { actor, ...(correlationId && { correlationId }), ...(reason && { reason }), causationId: event.id };
    if (decided.length > 0) changes.push(change(order, decided, now, meta));
  }
  const saved = await saveOrders(tx, log, changes);
  // The rows are locked, so all are written; if not, the cursor must not move.
  if (saved.size < changes.length) throw new Clash("an order has moved under its lock");
}
