import { type Static, Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { conflict, defineError, notFound, preconditionFailed } from "../../platform/errors.ts";
import { Money } from "../../platform/money.ts";
import {
  Address,
  Amount,
  Country,
  Currency,
  Email,
  Id,
  Instant,
  Items,
  LineQuantity,
  object,
  oneOf,
  page,
  paging,
  Sku,
  setOf,
  TenantId,
  text,
} from "../../platform/schema.ts";

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
const Metadata = Type.Record(Type.String({ pattern: "^[^\\u0000-\\u001f]{1,100}$" }), Type.Unknown(), {
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

const HistoryEntry = object({ ...FeedEvent.properties, actor: Type.String(), reason: Type.Optional(Type.String()) });

/** The order process of one order, as an operator sees it. */
export const Process = object(
  {
    orderId: Id,
    number: Type.String(),
    state: oneOf(["retrying", "stuck"]),
    step: Type.String(),
    attempts: Type.Integer(),
    error: Type.String(),
    dueAt: Instant,
    since: Instant,
  },
  { $id: "Process" },
);

const listFilters = {
  status: Type.Optional(OrderStatus),
  from: Type.Optional(Instant),
  to: Type.Optional(Instant),
  ...paging,
};

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
const Refund = {
  paymentId: Id,
  paymentVersion: Type.Integer({ minimum: 1 }),
  operationId: Type.String(),
  amount: Amount,
  currency: Currency,
};

/** An order as operators see it, with its process and every event of its stream. */
const Inspection = object({
  id: Id,
  tenant: Type.String(),
  number: Type.String(),
  status: OrderStatus,
  attention: Type.Optional(Type.String()),
  cancelling: Type.Optional(object({ code: Type.String(), by: Type.String() })),
  total: Money,
  payment: object({ status: PaymentState, authorised: Money, captured: Money, refunded: Money }),
  items: Type.Array(object({ sku: Sku, quantity: Type.Integer() })),
  createdAt: Instant,
  updatedAt: Instant,
  /** When it is given up unless something happens before. */
  deadlineAt: Type.Optional(Instant),
  /** What its process has to do next. */
  nextStep: Type.Optional(Type.String()),
  trouble: Type.Optional(Process),
  timeline: Type.Array(
    object({
      version: Type.Integer(),
      type: Type.String(),
      at: Instant,
      actor: Type.String(),
      reason: Type.Optional(Type.String()),
      data: Type.Record(Type.String(), Type.Unknown()),
    }),
  ),
});
export type Inspection = Static<typeof Inspection>;

/** Whom messages about an order are for, as far as the order knows, and what they say; amounts are minor units. */
const Recipient = object({
  orderId: Id,
  tenant: Type.String(),
  number: Type.String(),
  customerId: Type.Optional(Id),
  email: Type.Optional(Email),
  phone: Type.Optional(Type.String()),
  name: Type.String(),
  currency: Currency,
  total: Amount,
  items: Type.Array(object({ sku: Sku, name: Type.String(), quantity: Type.Integer(), total: Amount })),
  carrier: Type.Optional(Type.String()),
  trackingNumber: Type.Optional(Type.String()),
  cancellationCode: Type.Optional(Type.String()),
  /** What went back to the buyer by each `orders.refunded.v1`, and in all with it. */
  refunds: Type.Optional(Type.Array(object({ eventId: Id, amount: Amount, refunded: Amount }))),
});

export const contract = defineContract({
  domain: "orders",
  actions: {
    place: {
      rest: {
        route: "POST /orders",
        tag: "Orders",
        summary: "Places an order",
        description:
          "201 means accepted: the stock is reserved and the payment authorised after it. A race that is lost then ends CANCELLED with nothing charged.",
        scopes: ["orders:write"],
        status: 201,
        idempotency: "required",
        limit: "orders",
      },
      params: object({
        items: Items,
        shippingAddress: Address,
        billingAddress: Type.Optional(Address),
        paymentToken: text(255),
        currency: Type.Optional(Currency),
        customer: Type.Optional(Customer),
        expectedTotal: Type.Optional(object({ amount: Amount, currency: Currency })),
        metadata: Type.Optional(Metadata),
      }),
      result: Order,
      errors: [orderOutOfStock, priceChanged],
    },
    get: {
      rest: {
        route: "GET /orders/:id",
        tag: "Orders",
        summary: "An order, now or as it was",
        scopes: ["orders:read"],
      },
      params: object({ id: Id, version: Type.Optional(Type.Integer({ minimum: 1 })), at: Type.Optional(Instant) }),
      result: Order,
      errors: [notFound],
    },
    list: {
      rest: { route: "GET /orders", tag: "Orders", summary: "Orders, newest first", scopes: ["orders:read"] },
      params: object({ customerId: Type.Optional(Id), ...listFilters }),
      result: page(Order),
    },
    listOfUser: {
      rest: {
        route: "GET /orders/user/:userId",
        tag: "Orders",
        summary: "The orders of a customer",
        scopes: ["orders:read"],
      },
      params: object({ userId: Id, ...listFilters }),
      result: page(Order),
    },
    history: {
      rest: {
        route: "GET /orders/:id/history",
        tag: "Orders",
        summary: "What happened to an order, oldest first",
        scopes: ["orders:read"],
      },
      params: object({ id: Id, ...paging }),
      result: page(HistoryEntry),
      errors: [notFound],
    },
    cancel: {
      rest: {
        route: "POST /orders/:id/cancel",
        tag: "Orders",
        summary: "Cancels an order that has not left",
        description: "200 once the shipment can no longer leave; CANCELLED and the voided payment follow.",
        scopes: ["orders:write"],
        existsBy: "orders.visible",
      },
      params: object({ id: Id, reason: Type.Optional(text(500)) }),
      result: Order,
      errors: [notFound, alreadyShipped, preconditionFailed],
    },
    setStatus: {
      audited: { object: "id", keeps: ["status"] },
      rest: {
        route: "PUT /orders/:id/status",
        tag: "Orders",
        summary: "An operator's change of status",
        description: "SHIPPED and DELIVERED act on the shipment, CANCELLED is a cancel.",
        scopes: ["admin"],
        existsBy: "orders.visible",
      },
      params: object({ id: Id, status: OrderStatus, reason: Type.Optional(text(500)) }),
      result: Order,
      errors: [notFound, alreadyShipped, illegalOrderStatus, preconditionFailed],
    },
    listProcesses: {
      rest: {
        route: "GET /admin/processes",
        tag: "Operations",
        summary: "Order processes in trouble",
        scopes: ["admin"],
      },
      params: object({ state: Type.Optional(oneOf(["retrying", "stuck"])), ...paging }),
      result: page(Process),
    },
    retryProcess: {
      audited: { object: "orderId" },
      rest: {
        route: "POST /admin/processes/:orderId/retry",
        tag: "Operations",
        summary: "Tries the failing step now",
        scopes: ["admin"],
        existsBy: "orders.process",
      },
      params: object({ orderId: Id }),
      result: Process,
      errors: [notFound],
    },
    skipStep: {
      audited: { object: "orderId" },
      rest: {
        route: "POST /admin/processes/:orderId/skip",
        tag: "Operations",
        summary: "Goes on as if the failing step were done",
        description: "For what was put right by hand elsewhere.",
        scopes: ["admin"],
        existsBy: "orders.process",
      },
      params: object({ orderId: Id, reason: Type.Optional(text(500)) }),
      result: Process,
      errors: [notFound, conflict],
    },
    compensate: {
      audited: { object: "orderId" },
      rest: {
        route: "POST /admin/processes/:orderId/compensate",
        tag: "Operations",
        summary: "Gives the order up: void, release, cancel",
        scopes: ["admin"],
        existsBy: "orders.process",
      },
      params: object({ orderId: Id, reason: Type.Optional(text(500)) }),
      result: Process,
      errors: [notFound, alreadyShipped],
    },
    /** Writes the projections of all orders anew from their events. `changed` counts those that were not as their events say. */
    rebuildProjection: {
      scopes: ["admin"],
      params: object({}),
      result: object({ orders: Type.Integer(), changed: Type.Integer() }),
    },
    /** The business figures of the metrics. */
    figures: {
      callers: "anybody",
      idempotent: true,
      params: object({}),
      result: object({
        ordersByStatus: Type.Record(Type.String(), Type.Integer()),
        processes: object({ retrying: Type.Integer(), stuck: Type.Integer() }),
      }),
    },
    /** An order process in trouble. */
    process: {
      scopes: ["admin"],
      idempotent: true,
      params: object({ orderId: Id }),
      result: Process,
      errors: [notFound],
    },
    /** All that operators may want to know of the orders with a number: nothing personal. */
    inspect: {
      scopes: ["admin"],
      params: object({ number: text(64) }),
      result: Type.Array(Inspection),
    },
    /** The order processes in trouble as operators see them, those of all tenants for the tenant `*`, newest orders first. */
    inspectProcesses: {
      scopes: ["admin"],
      params: object({
        state: Type.Optional(oneOf(["retrying", "stuck"])),
        limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
      }),
      result: Type.Array(object({ tenant: Type.String(), process: Process })),
    },
    /** Whom messages about orders are for, and what they say; none of orders that are not there. */
    recipients: {
      callers: "services",
      idempotent: true,
      params: object({ orderIds: setOf(Id) }),
      result: Type.Array(Recipient),
    },
    /**
     * Payments tells orders of refunds that have settled; of an order one at a time, in their order. Each is recorded
     * once, by its version in the payment's stream. What is not recorded is told again: the order is not there, or has
     * not heard yet that it was paid.
     */
    recordRefunds: {
      callers: "services",
      idempotent: true,
      params: object({
        refunds: setOf(
          object({
            ...{ ...Refund, tenant: TenantId, orderId: Id },
            /** The event that says so, and who made it happen. */
            eventId: Id,
            actor: Type.String(),
            correlationId: Type.Optional(Type.String()),
          }),
        ),
      }),
      result: Type.Array(object({ orderId: Id, recorded: Type.Boolean() })),
    },
    /** What the live feeds need to know: whether the caller may see the order. */
    visible: {
      idempotent: true,
      params: object({ id: Id }),
      result: object({ id: Id }),
      errors: [notFound],
    },
  },
  events: {
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
  },
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
