import { newId } from "../../../platform/ids.ts";
import { on } from "../../../platform/subscriptions/subscription.ts";
import type { DeliveryService } from "../carriers/carrier.ts";
import { holdOrders, insertShipments, type NewShipment, tombstonesOf } from "../repository.ts";
import { eventOf, evolve, type Move, type ShipmentState, trailOf } from "../shipment.ts";

const ACTOR = "service:delivery";

/** Makes the shipments of confirmed orders; those that were cancelled before are made CANCELLED. */
export const onOrderConfirmed = on("orders.confirmed.v1", async (tx, events, ctx) => {
  const { carrier, clock, log, reports } = ctx.service as unknown as DeliveryService;
  const orders = events.map((event) => ({ tenant: event.tenant, orderId: event.stream }));
  holdOrders(
    tx,
    orders.map((order) => order.orderId),
    "shared",
  );
  const cancelled = new Map(
    (await tombstonesOf(tx, orders)).map(({ tenant, orderId, ...why }) => [`${tenant}/${orderId}`, why]),
  );
  const at = clock.now();
  const shipments = events.map((event): NewShipment => {
    const id = newId();
    const why = cancelled.get(`${event.tenant}/${event.stream}`);
    const move: Move = why ? { to: "CANCELLED", cancellation: why } : { to: "PROCESSING" };
    const number = carrier.trackingNumber(id);
    const empty: ShipmentState = {
      ...{ id, tenant: event.tenant, orderId: event.stream, status: move.to, lines: event.data.lines, version: 0 },
      ...(!why && { carrier: carrier.name, ...(number !== undefined && { trackingNumber: number }) }),
    };
    const state = evolve(empty, move);
    const actor = why?.by ?? ACTOR;
    const { correlationId = newId() } = event.meta;
    const meta = { actor, correlationId, causationId: event.id };
    return {
      ...{ state, customer: event.meta.feed?.customer, trail: trailOf(state, move, actor, at) },
      event: { stream: id, version: state.version, tenant: state.tenant, ...eventOf(state, move), meta, at },
    };
  });
  const made = await insertShipments(tx, log, shipments, at);
  const parcels = shipments.filter(({ state }) => state.status === "PROCESSING" && made.has(state.id));
  await carrier.accept(
    tx,
    parcels.map(({ state }) => state.id),
    at,
  );
  tx.afterCommit(() => reports.wake());
});
