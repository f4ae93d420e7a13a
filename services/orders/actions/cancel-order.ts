import type { ActionHandler, Identity } from "../../../platform/service.ts";
import { giveUp } from "../shared/give-up.ts";
import { shownOrder } from "../shared/personal-data.ts";

/** Cancels an order that has not left. Who may do it all is an operator, everybody else asks for a customer. */
export const cancelOrder: ActionHandler<"orders.cancel"> = async function (ctx) {
  const { scopes } = ctx.meta.identity as Identity;
  const code = scopes.includes("admin") ? "OPERATOR" : "CUSTOMER_REQUEST";
  return giveUp(this, ctx, { id: ctx.params.id, code, message: ctx.params.reason }, shownOrder);
};
