import type { SubscriptionState } from "../../../mixins/subscriptions.ts";
import { unavailable, validationFailed } from "../../../platform/errors.ts";
import { decodeCursor, encodeCursor } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { subscribers } from "../operations/subscribers.ts";

/** The subscriptions of all domains by name, each with how far it has come. */
export const listSubscriptions: ActionHandler<"api.listSubscriptions"> = async (ctx) => {
  const { limit = 20, cursor } = ctx.params;
  const after = cursor === undefined ? "" : placeOf(cursor);
  const { domains, someAreAway } = subscribers(ctx.broker);
  if (someAreAway) throw unavailable({ retryAfter: 5 });
  const lists = await Promise.all(
    domains.map((domain) => ctx.call<SubscriptionState[], object>(`${domain}.subscriptions.list`, {})),
  );
  const found = lists
    .flat()
    .filter((one) => nameOf(one) > after)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items: items as never[], nextCursor: found.length > limit && last ? encodeCursor([nameOf(last)]) : null };
};

function nameOf({ domain, channel }: SubscriptionState): string {
  return `${domain} ${channel}`;
}

function placeOf(cursor: string): string {
  const [name, ...rest] = decodeCursor(cursor) ?? [];
  if (typeof name === "string" && /^[a-z]+ [a-z]+$/.test(name) && rest.length === 0) return name;
  throw validationFailed({ errors: [{ path: "/cursor", message: "is not a cursor of this list" }] });
}
