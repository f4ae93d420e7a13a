import { type Static, Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { defineError, notFound } from "../../platform/errors.ts";
import {
  Id,
  Instant,
  LineQuantity,
  object,
  oneOf,
  page,
  paging,
  setOf,
  TenantId,
  text,
} from "../../platform/schema.ts";

export const illegalTransition = defineError(
  "ILLEGAL_TRANSITION",
  409,
  "The shipment cannot go there from where it is.",
  "changed",
);

export const ShipmentStatus = oneOf(["PROCESSING", "SHIPPED", "DELIVERED", "FAILED", "RETURNED", "CANCELLED"]);
export type ShipmentStatus = Static<typeof ShipmentStatus>;

/** One entry of a shipment's append-only trail. */
export const TrailEntry = object({
  status: ShipmentStatus,
  detail: Type.Optional(Type.String()),
  location: Type.Optional(Type.String()),
  at: Instant,
  actor: Type.String(),
});

export const Shipment = object(
  {
    id: Id,
    orderId: Id,
    status: ShipmentStatus,
    carrier: Type.Union([Type.String(), Type.Null()]),
    trackingNumber: Type.Union([Type.String(), Type.Null()]),
    lines: Type.Array(LineQuantity),
    events: Type.Array(TrailEntry),
    createdAt: Instant,
    updatedAt: Instant,
  },
  { $id: "Shipment" },
);
export type Shipment = Static<typeof Shipment>;

const moved = {
  shipmentId: Id,
  orderId: Id,
  lines: Type.Array(LineQuantity),
  carrier: Type.Optional(Type.String()),
  trackingNumber: Type.Optional(Type.String()),
};

/** Where a shipment is moved, and what is said of it. */
const Move = object({
  shipmentId: Id,
  status: oneOf(["PROCESSING", "SHIPPED", "DELIVERED", "FAILED", "RETURNED", "CANCELLED"]),
  detail: Type.Optional(text(500)),
  location: Type.Optional(text(200)),
  trackingNumber: Type.Optional(text(100)),
});

export const contract = defineContract({
  domain: "delivery",
  actions: {
    getOfOrder: {
      rest: {
        route: "GET /delivery/shipment/:orderId",
        tag: "Delivery",
        summary: "The latest shipment of an order, with its trail",
        scopes: ["delivery:read"],
      },
      params: object({ orderId: Id }),
      result: Shipment,
      errors: [notFound],
    },
    list: {
      rest: { route: "GET /shipments", tag: "Delivery", summary: "Shipments, newest first", scopes: ["delivery:read"] },
      params: object({ orderId: Type.Optional(Id), ...paging }),
      result: page(Shipment),
    },
    get: {
      rest: { route: "GET /shipments/:id", tag: "Delivery", summary: "A shipment", scopes: ["delivery:read"] },
      params: object({ id: Id }),
      result: Shipment,
      errors: [notFound],
    },
    setStatus: {
      rest: {
        route: "POST /delivery/shipment/:shipmentId/status",
        tag: "Delivery",
        summary: "Moves a shipment on",
        description: "The same status again changes nothing. The order follows the shipment.",
        scopes: ["delivery:write"],
        existsBy: "delivery.visible",
      },
      params: Move,
      result: Shipment,
      errors: [notFound, illegalTransition],
    },
    /** The same for an operator who has changed the status of the order: it is a part of that, and asks for as much. */
    move: {
      scopes: ["admin"],
      params: Move,
      result: Shipment,
      errors: [notFound, illegalTransition],
    },
    /** What the gateway needs to know: whether the caller may see the shipment. */
    visible: {
      idempotent: true,
      params: object({ id: Id }),
      result: object({ id: Id }),
      errors: [notFound],
    },
    /**
     * Decides whether orders can still be cancelled: a PROCESSING shipment is CANCELLED; without one a tombstone sees
     * to it that none is made; one that has left stays. The reason comes back in `delivery.cancelled.v1`.
     */
    cancel: {
      callers: "services",
      idempotent: true,
      params: object({
        requests: setOf(
          object({
            tenant: TenantId,
            orderId: Id,
            code: Type.String(),
            by: Type.String(),
            message: Type.Optional(Type.String()),
          }),
        ),
      }),
      result: Type.Array(object({ orderId: Id, cancelled: Type.Boolean() })),
    },
  },
  events: {
    "delivery.processing.v1": { data: object(moved) },
    "delivery.shipped.v1": { data: object(moved) },
    "delivery.delivered.v1": { data: object(moved) },
    "delivery.failed.v1": { data: object({ ...moved, detail: Type.Optional(Type.String()) }) },
    "delivery.returned.v1": { data: object({ ...moved, detail: Type.Optional(Type.String()) }) },
    "delivery.cancelled.v1": {
      data: object({ ...moved, code: Type.String(), by: Type.String(), message: Type.Optional(Type.String()) }),
    },
  },
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
