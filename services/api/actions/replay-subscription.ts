import type { Replayed, SubscriptionState } from "../../../mixins/subscriptions.ts";
import { notFound, unavailable } from "../../../platform/errors.ts";
import type { ActionHandler, Ctx } from "../../../platform/service.ts";
import { subscribers } from "../operations/subscribers.ts";

/** How far one subscription has come. */
export const getSubscription: ActionHandler<"api.getSubscription"> = async (ctx) => {
  const { domain, channel } = ctx.params;
  assertSubscribes(ctx, domain);
  const states = await ctx.call<SubscriptionState[], object>(`${domain}.subscriptions.list`, {});
  const found = states.find((one) => one.channel === channel);
  if (!found) throw notFound();
  return found as never;
};

/** Has the events of the caller's tenant dealt with again by one subscription. */
export const replaySubscription: ActionHandler<"api.replaySubscription"> = async (ctx) => {
  const { domain, ...params } = ctx.params;
  assertSubscribes(ctx, domain);
  const { idempotency } = ctx.meta;
  const action = `${domain}.subscriptions.replay`;
  // The key's success is kept where the effect is.
  return ctx.call<Replayed, object>(
    action,
    params,
    idempotency && { meta: { idempotency: { ...idempotency, action } } },
  );
};

/** Throws NOT_FOUND for what has no subscriptions, UNAVAILABLE for a domain that does not answer. */
function assertSubscribes(ctx: Ctx, domain: string): void {
  const { domains, someAreAway } = subscribers(ctx.broker);
  if (domains.some((name) => name === domain)) return;
  throw someAreAway ? unavailable({ retryAfter: 5 }) : notFound();
}
