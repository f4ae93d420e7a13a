import { encodeCursor, idOfCursor } from "../../../platform/schema.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import { ownCustomer } from "../customers/own-customer.ts";
import { listSessions } from "../sessions/session-repository.ts";

/** Where the customer who asks is logged in, newest first. */
export const listLogins: ActionHandler<"auth.listLogins"> = async function (ctx) {
  const { limit = 20, cursor } = ctx.params;
  const { tokenId } = ctx.meta.identity as Identity;
  const before = cursor === undefined ? undefined : idOfCursor(cursor);
  const owner = ownCustomer(ctx);
  const rows = await listSessions(this.database.of(owner.tenant), owner, this.clock.now(), limit + 1, before);
  const items = rows.slice(0, limit).map((row) => ({ ...row, current: row.id === tokenId }));
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encodeCursor([last.id]) : null };
};
