import type { Redriven } from "../../../mixins/dead-letters.ts";
import { unavailable } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { subscribers } from "../operations/subscribers.ts";

/** Gives all dead letters of the tenant their attempts again, those of all domains unless the body says which. */
export const redriveDeadLetters: ActionHandler<"api.redriveDeadLetters"> = async (ctx) => {
  const { domains, someAreAway } = subscribers(ctx.broker);
  if (someAreAway) throw unavailable({ retryAfter: 5 });
  const { idempotency } = ctx.meta;
  let redriven = 0;
  let replayed = true;
  // Each keeps the key with its own part, also the domains that are not asked for: it may be used again with another
  // body. One after the other, because each says for itself whether it had been asked before.
  for (const domain of domains) {
    const action = `${domain}.deadLetters.redriveAll`;
    const meta = idempotency && { meta: { idempotency: { ...idempotency, action } } };
    redriven += (await ctx.call<Redriven, object>(action, ctx.params, meta)).redriven;
    replayed &&= ctx.meta.$replayed === true;
  }
  if (idempotency) ctx.meta.$replayed = replayed;
  // The answer is the sum, not the last one's.
  delete ctx.meta.$body;
  return { redriven };
};
