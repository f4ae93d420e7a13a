import { type Static, Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { notFound } from "../../platform/errors.ts";
import { Money } from "../../platform/money.ts";
import { Amount, Currency, Id, Instant, object, oneOf, page, paging, setOf, TenantId } from "../../platform/schema.ts";

export const PaymentStatus = oneOf([
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
export type PaymentStatus = Static<typeof PaymentStatus>;

/** One movement of a payment, under the operation that asked for it. */
export const PaymentEntry = object({
  id: Id,
  type: oneOf(["AUTHORISED", "CAPTURED", "VOIDED", "REFUNDED"]),
  amount: Money,
  operationId: Type.String(),
  at: Instant,
});

export const Payment = object(
  {
    id: Id,
    orderId: Id,
    status: PaymentStatus,
    amount: Money,
    authorised: Money,
    captured: Money,
    refunded: Money,
    declineCode: Type.Optional(Type.String()),
    authorisedUntil: Type.Optional(Instant),
    entries: Type.Array(PaymentEntry),
    createdAt: Instant,
    updatedAt: Instant,
  },
  { $id: "Payment" },
);
export type Payment = Static<typeof Payment>;

const OperationId = Type.String({ minLength: 1, maxLength: 200 });
/** What every command carries: whose payment, and the operation by which it is done once. */
const command = { tenant: TenantId, orderId: Id, operationId: OperationId };
const moved = object({ paymentId: Id, orderId: Id, operationId: OperationId, amount: Amount, currency: Currency });

export const contract = defineContract({
  domain: "payments",
  actions: {
    listOfOrder: {
      rest: {
        route: "GET /orders/:id/payments",
        tag: "Orders",
        summary: "The payments of an order",
        scopes: ["payments:read"],
        existsBy: "orders.visible",
      },
      params: object({ id: Id, ...paging }),
      result: page(Payment),
      errors: [notFound],
    },
    /**
     * Authorises the payments of orders. The status is definite but for UNKNOWN and REQUIRES_ACTION: then the same
     * operation is asked again. VOIDED: a void came first.
     */
    authorise: {
      callers: "services",
      idempotent: true,
      params: object({
        requests: setOf(object({ ...command, amount: Amount, currency: Currency, token: Type.String() })),
      }),
      result: Type.Array(
        object({
          orderId: Id,
          paymentId: Id,
          status: oneOf(["AUTHORISED", "DECLINED", "UNKNOWN", "REQUIRES_ACTION", "VOIDED"]),
          declineCode: Type.Optional(Type.String()),
          authorisedUntil: Type.Optional(Instant),
        }),
      ),
    },
    /** Captures a part of what is authorised. CAPTURE_FAILED is for good, UNKNOWN is asked again. */
    capture: {
      callers: "services",
      idempotent: true,
      params: object({ requests: setOf(object({ ...command, amount: Amount })) }),
      result: Type.Array(
        object({
          orderId: Id,
          paymentId: Id,
          status: oneOf(["CAPTURED", "CAPTURE_FAILED", "UNKNOWN"]),
          code: Type.Optional(Type.String()),
        }),
      ),
    },
    /**
     * Voids what is authorised and not captured. It leaves a tombstone: an authorisation that turns up later is
     * voided. NONE: there was nothing; UNKNOWN: the provider has not said yet, ask again.
     */
    void: {
      callers: "services",
      idempotent: true,
      params: object({ requests: setOf(object(command)) }),
      result: Type.Array(
        object({
          orderId: Id,
          paymentId: Type.Optional(Id),
          status: oneOf(["VOIDED", "DECLINED", "NONE", "CAPTURED", "UNKNOWN"]),
        }),
      ),
    },
    /** Refunds a part of what is captured; never more than that in sum. */
    refund: {
      callers: "services",
      idempotent: true,
      params: object({ requests: setOf(object({ ...command, amount: Amount })) }),
      result: Type.Array(object({ orderId: Id, paymentId: Id, status: oneOf(["REFUNDED", "REFUSED", "UNKNOWN"]) })),
    },
  },
  events: {
    "payments.authorised.v1": { data: moved },
    /** The buyer has to do something at the provider's before it goes on. */
    "payments.action_required.v1": { data: moved },
    "payments.declined.v1": {
      data: Type.Composite([moved, object({ declineCode: Type.String() })], { additionalProperties: false }),
    },
    "payments.captured.v1": { data: moved },
    "payments.capture_failed.v1": {
      data: Type.Composite([moved, object({ code: Type.String() })], { additionalProperties: false }),
    },
    "payments.voided.v1": { data: moved },
    "payments.refunded.v1": { data: moved },
  },
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
