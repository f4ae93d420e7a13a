import type { AnyEvent } from "../../../platform/event-log.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { eventsOf, type FoundOrder, loadOrders } from "../repository.ts";
import { openPersonalData } from "../shared/personal-data.ts";

/** Whom messages about orders are for, and what they say. */
export const orderRecipients: ActionHandler<"orders.recipients"> = async function (ctx) {
  const orders = await loadOrders(this.database, ctx.params.orderIds);
  const refunded = orders.filter(({ state }) => state.payment.refunded > 0).map(({ state }) => state.id);
  const streams = refunded.length > 0 ? await eventsOf(this.log, "*", refunded) : new Map<string, AnyEvent[]>();
  return orders.map((order) => {
    const events = streams.get(order.state.id);
    const { shippingAddress, customer } = openPersonalData(this.sealing, order);
    return {
      ...factsOf(order),
      ...(events && { refunds: events.flatMap(refundOf) }),
      ...(customer && { email: customer.email }),
      ...(shippingAddress.phone !== undefined && { phone: shippingAddress.phone }),
      name: customer?.name ?? shippingAddress.name,
    };
  });
};

function refundOf({ id: eventId, type, data }: AnyEvent) {
  if (type !== "orders.refunded.v1") return [];
  return [{ eventId, amount: data.amount, refunded: data.refunded }];
}

function factsOf({ state }: FoundOrder) {
  const { placed } = state;
  const shipment = state.shipments.at(-1);
  return {
    orderId: state.id,
    tenant: state.tenant,
    number: placed.number,
    ...(placed.customerId && { customerId: placed.customerId }),
    currency: placed.currency,
    total: placed.total,
    items: placed.lines.map(({ sku, name, quantity, total }) => ({ sku, name, quantity, total })),
    ...(shipment?.carrier && { carrier: shipment.carrier }),
    ...(shipment?.trackingNumber && { trackingNumber: shipment.trackingNumber }),
    ...(state.cancellation && { cancellationCode: state.cancellation.code }),
  };
}
