import { call, type DomainService } from "../../../platform/service.ts";
import { openPersonalData } from "../shared/personal-data.ts";
import { type AskForStep, type Outcome, orderOf } from "./step.ts";

/** Asks for the money. UNKNOWN is no answer: the same operation is asked again until there is one. */
export const authorise: AskForStep<"authorise"> = async (ctx, due) => {
  const { sealing } = ctx.service as unknown as DomainService;
  const requests = due.map((one) => ({
    ...orderOf(one),
    operationId: one.step.operationId,
    amount: one.step.amount,
    currency: one.step.currency,
    token: openPersonalData(sealing, one.order).paymentToken,
  }));
  const answers = await call(ctx, "payments.authorise", { requests });
  return answers.map((answer, i): Outcome => {
    const { orderId: _, ...said } = answer;
    const operationId = requests[i]?.operationId as string;
    const command = { kind: "authorisation-answered", operationId, ...said } as const;
    const undecided = said.status === "UNKNOWN" || said.status === "REQUIRES_ACTION";
    return undecided ? { command, error: `the payment is ${said.status}` } : { command };
  });
};
