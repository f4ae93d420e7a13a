import type { FeedEvent } from "./feed.ts";

/** An amount as the API has it: minor units. */
export interface Amount {
  readonly amount: number;
  readonly currency: string;
}

/** An amount for people: `35.80 EUR`. The demo's catalog has a currency with two digits. */
export function price({ amount, currency }: Amount): string {
  return `${(amount / 100).toFixed(2)} ${currency}`;
}

/** What an event says, in a few words. */
export function tellEvent({ type, data }: FeedEvent): string {
  const lines = (data.lines ?? []) as readonly { sku: string; quantity: number }[];
  const goods = lines.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(", ");
  const currency = String(data.currency);
  switch (type) {
    case "orders.placed.v1":
      return `${goods}, ${price({ amount: Number(data.total), currency })}`;
    case "orders.stock_reserved.v1":
      return `${goods} held`;
    case "orders.payment_authorised.v1":
    case "orders.payment_captured.v1":
      return price({ amount: Number(data.amount), currency });
    case "orders.confirmed.v1":
      return "ready to be shipped";
    case "orders.processing.v1":
      return "the parcel is being packed";
    case "orders.shipped.v1":
      return [data.carrier, data.trackingNumber].filter(Boolean).join(" ");
    case "orders.delivered.v1":
      return "at the door";
    case "orders.cancelled.v1":
      return `${data.code}, payment ${data.payment}`;
    default:
      return "";
  }
}
