import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { findTenant } from "../tenants/tenant-repository.ts";

/** A tenant. */
export const getTenant: ActionHandler<"auth.getTenant", AuthService> = async function (ctx) {
  const tenant = await findTenant(this.database.acrossTenants, ctx.params.id);
  if (!tenant) throw notFound();
  return tenant;
};
