import type { DeadLetter } from "../../../mixins/dead-letters.ts";
import { unavailable, validationFailed } from "../../../platform/errors.ts";
import { isUuid } from "../../../platform/ids.ts";
import { decodeCursor, encodeCursor } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { subscribers } from "../operations/subscribers.ts";

/** The dead letters of all domains, newest first. A page that lacked a domain's would look complete: then it is a 503. */
export const listDeadLetters: ActionHandler<"api.listDeadLetters"> = async (ctx) => {
  const { limit = 20, cursor } = ctx.params;
  const before = cursor === undefined ? undefined : placeOf(cursor);
  const { domains, someAreAway } = subscribers(ctx.broker);
  if (someAreAway) throw unavailable({ retryAfter: 5 });
  const params = { limit: limit + 1, ...(before !== undefined && { before }) };
  const lists = await Promise.all(
    domains.map((domain) => ctx.call<DeadLetter[], typeof params>(`${domain}.deadLetters.list`, params)),
  );
  // Ids are in the order of their making, over all domains.
  const letters = lists.flat().sort((a, b) => (a.id < b.id ? 1 : -1));
  const items = letters.slice(0, limit);
  const last = items.at(-1);
  return { items: items as never[], nextCursor: letters.length > limit && last ? encodeCursor([last.id]) : null };
};

function placeOf(cursor: string): string {
  const [id, ...rest] = decodeCursor(cursor) ?? [];
  if (typeof id === "string" && isUuid(id) && rest.length === 0) return id;
  throw validationFailed({ errors: [{ path: "/cursor", message: "is not a cursor of this list" }] });
}
