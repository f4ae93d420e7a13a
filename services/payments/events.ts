import type { Events, EventType } from "../../platform/contracts.ts";
import type { Fact, PaymentState } from "./payment.ts";

type PaymentEventType = Extract<EventType, `payments.${string}`>;
export type PaymentEvent = {
  [T in PaymentEventType]: { readonly type: T; readonly data: Events[T] };
}[PaymentEventType];

/** What others are told of a fact; nothing of intents and refusals, which are between us and the provider. */
export function eventOf(
  fact: Fact,
  payment: { id: string; orderId: string; state: PaymentState },
): PaymentEvent | undefined {
  if (!("operationId" in fact) || !("amount" in fact)) return undefined;
  const data = {
    paymentId: payment.id,
    orderId: payment.orderId,
    operationId: fact.operationId,
    amount: fact.amount,
    currency: payment.state.currency,
  };
  switch (fact.type) {
    case "authorised":
      return { type: "payments.authorised.v1", data };
    case "actionRequired":
      return { type: "payments.action_required.v1", data };
    case "declined":
      return { type: "payments.declined.v1", data: { ...data, declineCode: fact.code } };
    case "captured":
      return { type: "payments.captured.v1", data };
    case "captureFailed":
      return { type: "payments.capture_failed.v1", data: { ...data, code: fact.code } };
    case "voided":
      return { type: "payments.voided.v1", data };
    case "refunded":
      return { type: "payments.refunded.v1", data };
    default:
      return unreachable(fact);
  }
}

function unreachable(never: never): never {
  throw new Error(`not known: ${JSON.stringify(never)}`);
}
