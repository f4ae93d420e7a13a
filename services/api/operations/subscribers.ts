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
  const { domains: all, someAreAway } = subscribers(ctx.broker);
  const { idempotency } = ctx.meta;
  // An act is recorded wherever it is asked for, so it is asked for where the letter is. One that is there no longer may
  // have gone by an earlier request with the same key: then each is asked.
  const owner = what === "get" ? undefined : await ownerOf(ctx, all);
  const domains = owner === undefined ? all : [owner];
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

async function ownerOf(ctx: Ctx<{ id: string }>, domains: readonly DomainName[]): Promise<DomainName | undefined> {
  const { id } = ctx.params;
  const found = await Promise.allSettled(
    domains.map((domain) => ctx.call<unknown, { id: string }>(`${domain}.deadLetters.get`, { id })),
  );
  return domains.find((_, i) => found[i]?.status === "fulfilled");
}
