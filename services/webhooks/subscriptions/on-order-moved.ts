import type { SequencedEvent } from "../../../platform/event-log.ts";
import { feedEvent, isPublic } from "../../../platform/feed-event.ts";
import { newId } from "../../../platform/ids.ts";
import type { EventHandler } from "../../../platform/subscriptions/subscription.ts";
import { EVENT_TYPES } from "../contract.ts";
import { type NewDelivery, recordDeliveries } from "../delivery-repository.ts";
import type { Payload } from "../endpoint.ts";
import { type Listener, listenersOf } from "../endpoint-repository.ts";
import { KEPT_MS } from "../shared/history.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

type OrderEvent = SequencedEvent<(typeof EVENT_TYPES)[number]>;

/**
 * Records what endpoints are to be told, once an event and endpoint, in the transaction of the cursor. A tenant without
 * endpoints costs its share of one look at an index, and no transaction.
 */
export const onOrderMoved: EventHandler<OrderEvent["type"], void> = {
  types: EVENT_TYPES,
  async wanted(ctx, events) {
    const { database } = ctx.service as unknown as WebhooksService;
    const listeners = await listenersOf(database.acrossTenants, tenantsOf(events));
    // Its types are not asked for: should it want others after a restart, it would be told of what was before that.
    return events.filter((event) => listeners.some((listener) => isFor(listener, event)));
  },
  async handle(tx, events, ctx) {
    const { clock, sending } = ctx.service as unknown as WebhooksService;
    const listeners = await listenersOf(tx, tenantsOf(events));
    if (listeners.length === 0) return;
    const now = clock.now();
    // Of what is older nobody would know whether it was sent before.
    const oldest = Date.parse(now) - KEPT_MS;
    const wanted = events.filter((event) => isPublic(event) && Date.parse(event.at) > oldest);
    const deliveries = wanted.flatMap((event) =>
      listeners.filter((listener) => wants(listener, event)).map((listener) => deliveryOf(listener, event)),
    );
    if (deliveries.length === 0) return;
    const told = new Set(deliveries.map(({ eventId }) => eventId));
    const payloads = wanted.filter(({ id }) => told.has(id)).map(payloadOf);
    await recordDeliveries(tx, deliveries, payloads, now);
    tx.afterCommit(() => sending.wake());
  },
};

function tenantsOf(events: readonly OrderEvent[]): string[] {
  return [...new Set(events.map(({ tenant }) => tenant))];
}

function isFor({ tenant, fromSequence }: Listener, event: OrderEvent): boolean {
  return event.tenant === tenant && event.sequence > fromSequence;
}

function wants(listener: Listener, event: OrderEvent): boolean {
  return isFor(listener, event) && (listener.types.length === 0 || listener.types.includes(event.type));
}

function deliveryOf({ id: endpointId }: Listener, event: OrderEvent): NewDelivery {
  const { id: eventId, tenant, stream: orderId, sequence, type } = event;
  return { id: newId(), endpointId, tenant, eventId, orderId, sequence, type, version: feedEvent(event).version };
}

function payloadOf(event: OrderEvent) {
  const payload: Payload = { type: event.type, timestamp: event.at, data: feedEvent(event) };
  return { eventId: event.id, tenant: event.tenant, body: JSON.stringify(payload) };
}
