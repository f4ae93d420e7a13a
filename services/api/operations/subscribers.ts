import type { ServiceBroker } from "moleculer";
import { DOMAINS, type DomainName } from "../../../platform/config.ts";
import { notFound, unavailable } from "../../../platform/errors.ts";
import type { Ctx } from "../../../platform/service.ts";
import { answerTo } from "../http/problem.ts";

/** The domains that have subscriptions and so may have dead letters, and whether some domain does not answer at all. */
export function subscribers(broker: ServiceBroker): { domains: DomainName[]; someAreAway: boolean } {
  const has = (action: string) => broker.registry.actions.isAvailable(action) as boolean;
  const domains = DOMAINS.filter((domain) => has(`${domain}.deadLetters.list`));
  return { domains, someAreAway: DOMAINS.some((domain) => !has(`${domain}.health.check`)) };
}

/**
 * Asks each subscribing domain for one dead letter, which only one of them can have. Throws NOT_FOUND when none has
 * it, UNAVAILABLE when one that did not answer may.
 */
export async function askWhoeverHasIt<T>(ctx: Ctx<{ id: string }>, what: "get" | "redrive" | "discard"): Promise<T> {
  const { domains, someAreAway } = subscribers(ctx.broker);
  const { idempotency } = ctx.meta;
  const answers = await Promise.allSettled(
    domains.map((domain) => {
      const action = `${domain}.deadLetters.${what}`;
      // The key's success is kept where the effect is: in the domain that has the letter.
      return ctx.call<T, { id: string }>(
        action,
        ctx.params,
        idempotency && { meta: { idempotency: { ...idempotency, action } } },
      );
    }),
  );
  const found = answers.find((answer) => answer.status === "fulfilled");
  if (found) return found.value;
  const failed = answers.find((answer) => answer.status === "rejected" && answerTo(answer.reason).status !== 404);
  if (failed?.status === "rejected") throw failed.reason;
  throw someAreAway ? unavailable({ retryAfter: 5 }) : notFound();
}
