import type { NewEvent } from "../../../platform/event-log.ts";
import { newId } from "../../../platform/ids.ts";
import { on } from "../../../platform/subscriptions/subscription.ts";
import type { DeliveryService } from "../carriers/carrier.ts";
import { holdOrders, insertShipments, tombstonesOf } from "../repository.ts";
import { eventOf, evolve, type Move, type ShipmentState, trailOf } from "../shipment.ts";

const ACTOR = "service:delivery";

/** Makes the shipments of confirmed orders; those that were cancelled before are made CANCELLED. */
export const onOrderConfirmed = on("orders.confirmed.v1", async (tx, events, ctx) => {
  const { carrier, clock, log, reports } = ctx.service as unknown as DeliveryService;
  const orders = events.map((event) => ({ tenant: event.tenant, orderId: event.stream }));
  await holdOrders(
    tx,
    orders.map((order) => order.orderId),
    "shared",
  );
  const cancelled = new Map(
    (await tombstonesOf(tx, orders)).map(({ tenant, orderId, ...why }) => [`${tenant}/${orderId}`, why]),
  );
  const at = clock.now();
  const shipments = events.map((event) => {
    const id = newId();
    const why = cancelled.get(`${event.tenant}/${event.stream}`);
    const move: Move = why ? { to: "CANCELLED", cancellation: why } : { to: "PROCESSING" };
    const number = carrier.trackingNumber(id);
    const empty: ShipmentState = {
      ...{ id, tenant: event.tenant, orderId: event.stream, status: move.to, lines: event.data.lines, version: 0 },
      ...(!why && { carrier: carrier.name, ...(number !== undefined && { trackingNumber: number }) }),
    };
    return { state: evolve(empty, move), move, actor: why?.by ?? ACTOR, event, customer: event.meta.feed?.customer };
  });
  const trail = shipments.map(({ state, move, actor }) => trailOf(state, move, actor, at));
  const made = await insertShipments(tx, shipments, trail, at);
  const news = shipments.filter(({ state }) => made.has(state.id));
  await log.append(
    tx,
    news.map(({ state, move, actor, event }): NewEvent => {
      const { correlationId = newId() } = event.meta;
      const meta = { actor, correlationId, causationId: event.id };
      return { stream: state.id, version: state.version, tenant: state.tenant, ...eventOf(state, move), meta, at };
    }),
  );
  const parcels = news.filter(({ move }) => move.to === "PROCESSING").map(({ state }) => state.id);
  await carrier.accept(tx, parcels, at);
  tx.afterCommit(() => reports.wake());
});
