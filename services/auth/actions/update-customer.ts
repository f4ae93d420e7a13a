import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { tenantsOf } from "../clients/whose.ts";
import { lockAccount, saveAccount } from "../customers/account-repository.ts";
import { endLogins } from "../sessions/end-session.ts";

/** Disables or enables a customer. Whoever is disabled has no logins any more, also once they are enabled again. */
export const updateCustomer: ActionHandler<"auth.updateCustomer", AuthService> = async function (ctx) {
  const { id, active } = ctx.params;
  const visible = tenantsOf(ctx.meta.identity as Identity);
  return this.database.transaction(visible, async (tx) => {
    const before = await lockAccount(tx, visible, id);
    if (!before) throw notFound();
    const account = { ...before, active };
    if (active !== before.active) await saveAccount(tx, account);
    if (!active) await endLogins(this, tx, { tenant: before.tenant, customer: id }, "OPERATOR");
    return account;
  });
};
