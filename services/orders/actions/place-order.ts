import { deadlineOf } from "../../../platform/deadline.ts";
import { newId } from "../../../platform/ids.ts";
import { urgently } from "../../../platform/rush.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import type { PlaceRequest } from "../placing/kept-answers.ts";
import type { OrdersService } from "../placing/orders-service.ts";

/**
 * Accepts an order: checks it against catalog and stock and commits it with its first event and its key. What
 * arrives while a set is checked is the next set to be checked, and what was checked while a set commits is the next to
 * be committed.
 */
export const placeOrder: ActionHandler<"orders.place", OrdersService> = async function (ctx) {
  const identity = ctx.meta.identity as Identity;
  const request: PlaceRequest = {
    params: ctx.params,
    identity,
    idempotency: ctx.meta.idempotency,
    correlationId: ctx.requestID ?? newId(),
    deadline: deadlineOf(ctx),
  };
  const result = await urgently(this.broker, async () => this.placements(await this.checks(request)));
  if ("problem" in result) throw result.problem;
  ctx.meta.$body = result.body;
  ctx.meta.$replayed = result.replayed;
  return result.order;
};
