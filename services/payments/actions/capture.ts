import type { ActionHandler } from "../../../platform/service.ts";
import { answerToCapture } from "../answers.ts";
import type { PaymentsService } from "../providers/provider.ts";
import { paymentChanges } from "../repository.ts";
import { carryOut } from "../shared/carry-out.ts";

/** Captures a part of what is authorised for orders; never more than that in sum. */
export const capture: ActionHandler<"payments.capture", PaymentsService> = async function (ctx) {
  const requests = ctx.params.requests.map(({ tenant, orderId, operationId, amount }) => ({
    ...{ tenant, orderId },
    command: { type: "CAPTURE" as const, operationId, amount },
  }));
  const changed = await carryOut(this.provider, requests, paymentChanges(ctx), this.logger);
  return requests.map(({ orderId, command }, i) => {
    const { payment } = changed[i] as (typeof changed)[number];
    return { orderId, paymentId: payment.id, ...answerToCapture(command, payment.state) };
  });
};
