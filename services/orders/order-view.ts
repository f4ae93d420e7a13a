import { money } from "../../platform/money.ts";
import type { Address } from "../../platform/schema.ts";
import type { Customer, Order } from "./contract.ts";
import type { OrderState } from "./order.ts";

/** What is kept of an order apart from its events because it is personal; a shop may have it erased. */
export interface PersonalData {
  readonly shippingAddress: Address;
  readonly billingAddress?: Address;
  readonly customer?: Customer;
  readonly metadata?: Record<string, unknown>;
  /** The provider's token for the means of payment; never sent, never in an event. */
  readonly paymentToken: string;
}

/** An order as callers see it. */
export function orderView(state: OrderState, personal: PersonalData): Order {
  const { placed, payment } = state;
  const inCurrency = (amount: number) => money(amount, placed.currency);
  const shipments = state.shipments.map(({ version: _, ...shipment }) => shipment);
  const latest = shipments.at(-1);
  return {
    id: state.id,
    number: placed.number,
    status: state.status,
    ...(state.attention && { attention: state.attention }),
    ...(state.cancellation && { cancellation: state.cancellation }),
    currency: placed.currency,
    items: placed.lines.map((line) => ({
      id: line.id,
      sku: line.sku,
      name: line.name,
      quantity: line.quantity,
      unitPrice: inCurrency(line.unitPrice),
      tax: inCurrency(line.tax),
      total: inCurrency(line.total),
    })),
    subtotal: inCurrency(placed.subtotal),
    tax: inCurrency(placed.tax),
    shipping: inCurrency(placed.shipping.net),
    total: inCurrency(placed.total),
    ...(personal.customer && { customer: personal.customer }),
    shippingAddress: personal.shippingAddress,
    ...(personal.billingAddress && { billingAddress: personal.billingAddress }),
    ...(personal.metadata && { metadata: personal.metadata }),
    payment: {
      ...(payment.id && { id: payment.id }),
      status: payment.status,
      authorised: inCurrency(payment.authorised),
      captured: inCurrency(payment.captured),
      refunded: inCurrency(payment.refunded),
      ...(payment.declineCode && { declineCode: payment.declineCode }),
    },
    ...(latest && { shipment: latest }),
    shipments,
    version: state.version,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
  };
}
