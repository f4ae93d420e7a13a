import { call } from "../../../platform/service.ts";
import { type AskForStep, type Outcome, orderOf } from "./step.ts";

/** Takes the money once the goods have left. A capture that fails for good leaves the order SHIPPED and stuck. */
export const capture: AskForStep<"capture"> = async (ctx, due) => {
  const requests = due.map((one) => ({ ...orderOf(one), operationId: one.step.operationId, amount: one.step.amount }));
  const answers = await call(ctx, "payments.capture", { requests });
  return answers.map((answer, i): Outcome => {
    if (answer.status === "UNKNOWN") return { error: "the provider has not said whether the payment is captured" };
    const { step } = due[i] as (typeof due)[number];
    const { operationId, shipmentId } = step;
    const { paymentId, status, code } = answer;
    const command = {
      kind: "capture-answered",
      status,
      paymentId,
      shipmentId,
      operationId,
      ...(code && { code }),
    } as const;
    return status === "CAPTURE_FAILED"
      ? { command, error: `the capture has failed: ${code ?? "no code"}`, forGood: true }
      : { command };
  });
};
