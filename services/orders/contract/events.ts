import { Type } from "@sinclair/typebox";
import type { EventContract } from "../../../platform/contracts.ts";
import { Amount, Country, Currency, Id, Instant, LineQuantity, object, oneOf, Sku } from "../../../platform/schema.ts";
import { PaymentState } from "./order.ts";

/** A line as it was sold; amounts are minor units of the order's currency, `taxRate` is in basis points. */
const PlacedLine = object({
  id: Id,
  productId: Id,
  productVersion: Type.Integer(),
  sku: Sku,
  name: Type.String(),
  quantity: Type.Integer({ minimum: 1 }),
  unitPrice: Amount,
  net: Amount,
  taxRate: Type.Integer({ minimum: 0 }),
  taxIncluded: Type.Boolean(),
  tax: Amount,
  total: Amount,
});
/** A shipment and the version of delivery's event, by which a replayed one is known. */
const ShipmentRef = { shipmentId: Id, shipmentVersion: Type.Integer() };
const ShipmentFact = {
  ...ShipmentRef,
  lines: Type.Array(LineQuantity),
  carrier: Type.Optional(Type.String()),
  trackingNumber: Type.Optional(Type.String()),
};

/** A refund, and the version of payments' event, by which one that is told twice is known. */
export const Refund = {
  paymentId: Id,
  paymentVersion: Type.Integer({ minimum: 1 }),
  operationId: Type.String(),
  amount: Amount,
  currency: Currency,
};

/** What happens to an order. */
export const events = {
  "orders.placed.v1": {
    data: object({
      number: Type.String(),
      customerId: Type.Optional(Id),
      currency: Currency,
      country: Country,
      lines: Type.Array(PlacedLine, { minItems: 1 }),
      shipping: object({ net: Amount, taxRate: Type.Integer(), tax: Amount, total: Amount }),
      subtotal: Amount,
      tax: Amount,
      total: Amount,
      deadlineAt: Instant,
    }),
  },
  "orders.stock_reserved.v1": { data: object({ lines: Type.Array(LineQuantity) }) },
  "orders.payment_authorised.v1": {
    data: object({
      paymentId: Id,
      operationId: Type.String(),
      amount: Amount,
      currency: Currency,
      authorisedUntil: Type.Optional(Instant),
    }),
  },
  "orders.confirmed.v1": {
    data: object({ lines: Type.Array(LineQuantity, { minItems: 1 }), total: Amount, currency: Currency }),
  },
  "orders.processing.v1": { data: object(ShipmentFact) },
  "orders.shipped.v1": { data: object(ShipmentFact) },
  "orders.payment_captured.v1": {
    data: object({ paymentId: Id, shipmentId: Id, operationId: Type.String(), amount: Amount, currency: Currency }),
  },
  "orders.delivered.v1": { data: object(ShipmentRef) },
  "orders.returned.v1": { data: object(ShipmentRef) },
  /** A refund has settled, under its `operationId`; `refunded` is what is refunded in all with it. */
  "orders.refunded.v1": { data: object({ ...Refund, refunded: Amount }) },
  "orders.cancelled.v1": {
    data: object({
      code: Type.String(),
      message: Type.Optional(Type.String()),
      by: Type.String(),
      payment: PaymentState,
    }),
  },
  /** The decision to cancel, before anything is undone: from here on no answer counts any more. */
  "orders.cancellation_decided.v1": {
    internal: true,
    data: object({
      code: Type.String(),
      message: Type.Optional(Type.String()),
      by: Type.String(),
      paymentId: Type.Optional(Id),
      declineCode: Type.Optional(Type.String()),
    }),
  },
  /** The provider has not said yet, or wants something of the buyer. */
  "orders.payment_pending.v1": {
    internal: true,
    data: object({ paymentId: Id, status: oneOf(["UNKNOWN", "REQUIRES_ACTION"]) }),
  },
  "orders.capture_failed.v1": {
    internal: true,
    data: object({ paymentId: Id, shipmentId: Id, code: Type.String() }),
  },
  "orders.attention_raised.v1": { internal: true, data: object({ ...ShipmentRef, attention: Type.String() }) },
  "orders.attention_cleared.v1": { internal: true, data: object(ShipmentRef) },
  /** An operator wants a step tried again that had failed for good. */
  "orders.step_retried.v1": { internal: true, data: object({ step: Type.String() }) },
  /** An operator vouches for a step that failed. */
  "orders.step_skipped.v1": {
    internal: true,
    data: object({ step: Type.String(), reason: Type.Optional(Type.String()) }),
  },
} as const satisfies Readonly<Record<string, EventContract>>;
