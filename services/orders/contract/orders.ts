import { Type } from "@sinclair/typebox";
import type { ActionContracts } from "../../../platform/contracts.ts";
import { notFound, preconditionFailed } from "../../../platform/errors.ts";
import { Address, Amount, Currency, Id, Instant, Items, object, page, paging, text } from "../../../platform/schema.ts";
import {
  alreadyShipped,
  Customer,
  FeedEvent,
  illegalOrderStatus,
  Metadata,
  Order,
  OrderStatus,
  orderOutOfStock,
  priceChanged,
} from "./order.ts";

const HistoryEntry = object({ ...FeedEvent.properties, actor: Type.String(), reason: Type.Optional(Type.String()) });

const listFilters = {
  status: Type.Optional(OrderStatus),
  from: Type.Optional(Instant),
  to: Type.Optional(Instant),
  ...paging,
};

/** Placing orders, seeing them, and giving them up. */
export const orders = {
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
  /** What the live feeds need to know: whether the caller may see the order. */
  visible: {
    idempotent: true,
    params: object({ id: Id }),
    result: object({ id: Id }),
    errors: [notFound],
  },
} as const satisfies ActionContracts;
