import { Type } from "@sinclair/typebox";
import type { ActionContracts } from "../../../platform/contracts.ts";
import { Amount, Currency, Email, Id, object, Sku, setOf, TenantId } from "../../../platform/schema.ts";
import { Refund } from "./events.ts";

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

/** What other domains ask of orders, and tell them. */
export const services = {
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
} as const satisfies ActionContracts;
