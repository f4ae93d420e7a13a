import type { ActionHandler } from "../../../platform/service.ts";
import { answerToRefund } from "../answers.ts";
import type { PaymentsService } from "../providers/provider.ts";
import { paymentChanges } from "../repository.ts";
import { carryOut } from "../shared/carry-out.ts";

/** Refunds a part of what is captured for orders; never more than that in sum. */
export const refund: ActionHandler<"payments.refund", PaymentsService> = async function (ctx) {
  const requests = ctx.params.requests.map(({ tenant, orderId, operationId, amount }) => ({
    ...{ tenant, orderId },
    command: { type: "REFUND" as const, operationId, amount },
  }));
  const changed = await carryOut(this.provider, requests, paymentChanges(ctx), this.logger);
  this.telling.wake();
  return requests.map(({ orderId, command }, i) => {
    const { payment } = changed[i] as (typeof changed)[number];
    return { orderId, paymentId: payment.id, ...answerToRefund(command, payment.state) };
  });
};
