import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { tenantsOf } from "../clients/whose.ts";
import { lockAccount } from "../customers/account-repository.ts";
import { endLogins as end } from "../sessions/end-session.ts";

/** Ends all logins of a customer of the caller's tenant. */
export const endLogins: ActionHandler<"auth.endLogins", AuthService> = async function (ctx) {
  const { id } = ctx.params;
  const visible = tenantsOf(ctx.meta.identity as Identity);
  return this.database.transaction(visible, async (tx) => {
    // Locked: a login that comes meanwhile is ended too, or comes after.
    const account = await lockAccount(tx, visible, id);
    if (!account) throw notFound();
    await end(this, tx, { tenant: account.tenant, customer: id }, "OPERATOR");
    return {};
  });
};
