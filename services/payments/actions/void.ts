import type { ActionHandler } from "../../../platform/service.ts";
import { answerToVoid } from "../answers.ts";
import type { PaymentsService } from "../providers/provider.ts";
import { paymentChanges } from "../repository.ts";
import { carryOut } from "../shared/carry-out.ts";

/**
 * Voids what is authorised for orders and not captured. The wish is committed before the provider is asked, so an
 * authorisation that is under way meanwhile finds it and is voided by whoever asked for it.
 */
export const voidPayments: ActionHandler<"payments.void", PaymentsService> = async function (ctx) {
  const requests = ctx.params.requests.map(({ tenant, orderId, operationId }) => ({
    ...{ tenant, orderId },
    command: { type: "VOID" as const, operationId },
  }));
  const changed = await carryOut(this.provider, requests, paymentChanges(ctx), this.logger);
  return requests.map(({ orderId }, i) => {
    const { payment } = changed[i] as (typeof changed)[number];
    return { orderId, paymentId: payment.id, ...answerToVoid(payment.state) };
  });
};
