import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import { tenantsOf } from "../clients/whose.ts";
import { findAccount } from "../customers/account-repository.ts";

/** A customer of the caller's tenant, without what is personal. */
export const getCustomer: ActionHandler<"auth.getCustomer"> = async function (ctx) {
  const tenant = tenantsOf(ctx.meta.identity as Identity);
  const account = await findAccount(this.database.of(tenant), tenant, ctx.params.id);
  if (!account) throw notFound();
  return account;
};
