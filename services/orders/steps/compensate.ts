import { call } from "../../../platform/service.ts";
import type { PaymentState } from "../contract.ts";
import { type AskForStep, type Due, type Outcome, orderOf } from "./step.ts";

/** Undoes what was done, in reverse: voids the payment, then releases the stock. Both leave tombstones. */
export const compensate: AskForStep<"compensate"> = async (ctx, due) => {
  const charged = due.filter((one) => one.step.step === "compensate" && one.step.void);
  const voids = new Map<Due, string>();
  if (charged.length > 0) {
    const requests = charged.map((one) => ({ ...orderOf(one), operationId: one.step.operationId }));
    const answers = await call(ctx, "payments.void", { requests });
    for (const [i, one] of charged.entries()) voids.set(one, answers[i]?.status ?? "UNKNOWN");
  }
  const released = await call(ctx, "inventory.release", { requests: due.map(orderOf) });
  return due.map((one, i): Outcome => {
    if (released[i]?.status === "COMMITTED") return { error: "the stock has left", forGood: true };
    const payment = voids.get(one) ?? "NONE";
    if (payment === "UNKNOWN") return { error: "the provider has not said whether the payment is void" };
    if (payment === "CAPTURED") return { error: "the payment was captured", forGood: true };
    // A declined payment stays DECLINED: voiding it found nothing to void.
    const before = one.order.state.payment.status;
    const status = before === "DECLINED" ? before : (payment as PaymentState);
    return { command: { kind: "compensated", payment: status } };
  });
};
