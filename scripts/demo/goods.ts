import type { Answer } from "./exchange.ts";
import type { Session } from "./session.ts";

export const COFFEE = "SKU-COFFEE-1KG";

/** An order of the demo: two bags of coffee to Ada, unless said otherwise. */
export function orderOf(paymentToken: string, sku = COFFEE, quantity = 2): object {
  return {
    items: [{ sku, quantity }],
    shippingAddress: {
      name: "Ada Lovelace",
      line1: "12 Harbour St",
      city: "Hamburg",
      postalCode: "20095",
      country: "DE",
    },
    paymentToken,
  };
}

/** What matters of an order at a glance. */
export function glance(order: Answer["body"]): unknown {
  const { number, status, total, cancellation, payment, shipment } = order;
  return {
    number,
    status,
    total,
    ...(cancellation && { cancellation: { code: cancellation.code, by: cancellation.by } }),
    payment: { status: payment.status, authorised: payment.authorised, captured: payment.captured },
    ...(payment.declineCode && { declineCode: payment.declineCode }),
    ...(shipment && { shipment: { status: shipment.status, trackingNumber: shipment.trackingNumber } }),
  };
}

interface Stock {
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
}

/** Shows the stock of a SKU. */
export async function showStock(session: Session, sku = COFFEE): Promise<Stock> {
  const { body } = await session.ask({ path: `/api/v1/inventory/${sku}` }, { status: 200 });
  return { onHand: body.onHand, reserved: body.reserved, available: body.available };
}

/** Shows what the current order has moved in the audit trail of a SKU, the oldest first. */
export async function showMovements(session: Session, order: string, types: readonly string[]): Promise<void> {
  const path = `/api/v1/inventory/${COFFEE}/transactions?limit=100`;
  const own = (body: Answer["body"]) =>
    body.items
      .filter((entry: { reference?: string }) => entry.reference === order)
      .map(({ type, onHandChange, reservedChange, actor }: Record<string, unknown>) => ({
        type,
        onHandChange,
        reservedChange,
        actor,
      }))
      .reverse();
  // Inventory hears of the parcel on its own channel: it may come a moment after the order's own news.
  await session.settled(path, (body) => own(body).length >= types.length);
  const { body } = await session.ask({ path }, { status: 200, show: own });
  const moved = own(body).map(({ type }: { type: string }) => type);
  session.check(`In the stock's audit trail the order stands as ${types.join(", ")}`, moved, types);
}
