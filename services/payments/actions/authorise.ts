import type { ActionHandler } from "../../../platform/service.ts";
import { answerToAuthorise } from "../answers.ts";
import type { PaymentsService } from "../providers/provider.ts";
import { paymentChanges } from "../repository.ts";
import { carryOut } from "../shared/carry-out.ts";

/**
 * Authorises the payments of orders. An order that has one already is answered with it, whatever the operation: in
 * v1 nobody pays twice for one order.
 */
export const authorise: ActionHandler<"payments.authorise", PaymentsService> = async function (ctx) {
  const requests = ctx.params.requests.map(({ tenant, orderId, token, operationId, amount, currency }) => ({
    ...{ tenant, orderId, token },
    command: { type: "AUTHORISE" as const, operationId, amount, currency },
  }));
  const changed = await carryOut(this.provider, requests, paymentChanges(ctx, "mostly new"), this.logger);
  return requests.map(({ orderId }, i) => {
    const { payment } = changed[i] as (typeof changed)[number];
    return { orderId, paymentId: payment.id, ...answerToAuthorise(payment.state) };
  });
};
