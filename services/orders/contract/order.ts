import { type Static, Type } from "@sinclair/typebox";
import { defineError } from "../../../platform/errors.ts";
import { Money } from "../../../platform/money.ts";
import { Address, Currency, Email, Id, Instant, object, oneOf, Sku } from "../../../platform/schema.ts";

/** The same code as inventory's: the lines were not available when the order was placed. */
export const orderOutOfStock = defineError("OUT_OF_STOCK", 409, "Not all lines are available.", "changed");
export const priceChanged = defineError("PRICE_CHANGED", 409, "The total is not the expected one.", "changed");
export const alreadyShipped = defineError(
  "ALREADY_SHIPPED",
  409,
  "The order has left and cannot be cancelled.",
  "never",
);
export const illegalOrderStatus = defineError(
  "ILLEGAL_TRANSITION",
  409,
  "The order cannot go there from where it is.",
  "changed",
);

export const OrderStatus = oneOf(["PENDING", "PENDING_SHIPMENT", "SHIPPED", "DELIVERED", "RETURNED", "CANCELLED"]);
export type OrderStatus = Static<typeof OrderStatus>;

export const PaymentState = oneOf([
  "NONE",
  "PENDING",
  "REQUIRES_ACTION",
  "AUTHORISED",
  "DECLINED",
  "UNKNOWN",
  "CAPTURED",
  "CAPTURE_FAILED",
  "VOIDED",
  "EXPIRED",
  "PARTIALLY_REFUNDED",
  "REFUNDED",
]);
export type PaymentState = Static<typeof PaymentState>;

export const Customer = object({
  id: Type.Optional(Id),
  email: Email,
  name: Type.Optional(Type.String({ maxLength: 200 })),
});
export type Customer = Static<typeof Customer>;

// The names' rule is a pattern, because TypeBox passes lengths of keys over, and what matches no pattern is refused.
export const Metadata = Type.Record(Type.String({ pattern: "^[^\\u0000-\\u001f]{1,100}$" }), Type.Unknown(), {
  additionalProperties: false,
  maxProperties: 50,
  description: "The shop's own; kept and given back, not looked at.",
});

const Cancellation = object({
  code: Type.String(),
  message: Type.Optional(Type.String()),
  by: Type.String(),
  at: Instant,
});
const ShipmentOfOrder = object({
  id: Id,
  status: Type.String(),
  carrier: Type.Optional(Type.String()),
  trackingNumber: Type.Optional(Type.String()),
});

export const Order = object(
  {
    id: Id,
    number: Type.String(),
    status: OrderStatus,
    attention: Type.Optional(Type.String({ description: "Why somebody should look at the order." })),
    cancellation: Type.Optional(Cancellation),
    currency: Currency,
    items: Type.Array(
      object({
        id: Id,
        sku: Sku,
        name: Type.String(),
        quantity: Type.Integer(),
        unitPrice: Money,
        tax: Money,
        total: Money,
      }),
    ),
    subtotal: Money,
    tax: Money,
    shipping: Money,
    total: Money,
    customer: Type.Optional(Customer),
    shippingAddress: Address,
    billingAddress: Type.Optional(Address),
    metadata: Type.Optional(Metadata),
    payment: object({
      id: Type.Optional(Id),
      status: PaymentState,
      authorised: Money,
      captured: Money,
      refunded: Money,
      declineCode: Type.Optional(Type.String()),
    }),
    shipment: Type.Optional(ShipmentOfOrder),
    shipments: Type.Array(ShipmentOfOrder),
    version: Type.Integer(),
    createdAt: Instant,
    updatedAt: Instant,
  },
  { $id: "Order", description: "`subtotal` is the lines' net, `tax` all tax, `shipping` net; `total` is their sum." },
);
export type Order = Static<typeof Order>;

/** An event of an order as the live feeds and the history give it. */
export const FeedEvent = object(
  {
    id: Id,
    type: Type.String(),
    orderId: Id,
    number: Type.String(),
    version: Type.Integer(),
    at: Instant,
    data: Type.Record(Type.String(), Type.Unknown()),
  },
  { $id: "OrderEvent" },
);
export type FeedEvent = Static<typeof FeedEvent>;
