import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import { ownCustomer } from "../customers/own-customer.ts";
import { findSession } from "../sessions/session-repository.ts";

/** A login of the customer who asks; any other is not there. */
export const getLogin: ActionHandler<"auth.getLogin"> = async function (ctx) {
  const owner = ownCustomer(ctx);
  const row = await findSession(this.database.of(owner.tenant), owner, this.clock.now(), ctx.params.id);
  if (!row) throw notFound();
  return { ...row, current: row.id === (ctx.meta.identity as Identity).tokenId };
};
