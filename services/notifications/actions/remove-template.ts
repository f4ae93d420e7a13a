import { inTransaction } from "../../../platform/database.ts";
import { notFound } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { removeTemplate as remove } from "../template-repository.ts";

/** Goes back to the platform's words. Throws NOT_FOUND where the tenant has none of its own. */
export const removeTemplate: ActionHandler<"notifications.removeTemplate"> = async (ctx) => {
  const removed = await inTransaction(ctx, (tx) => remove(tx, { ...ctx.params, tenant: ownTenant(ctx) }));
  if (!removed) throw notFound();
  return {};
};
