import { type Static, Type } from "@sinclair/typebox";
import type { ActionContracts } from "../../../platform/contracts.ts";
import { Money } from "../../../platform/money.ts";
import { Id, Instant, object, Sku, text } from "../../../platform/schema.ts";
import { OrderStatus, PaymentState } from "./order.ts";
import { Process } from "./processes.ts";

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

/** What operators and the metrics ask of all orders. */
export const inspection = {
  /** All that operators may want to know of the orders with a number: nothing personal. */
  inspect: {
    scopes: ["admin"],
    params: object({ number: text(64) }),
    result: Type.Array(Inspection),
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
} as const satisfies ActionContracts;
