import type { Tx } from "../../../platform/database.ts";
import { once } from "../../../platform/idempotency.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { tenantTaken } from "../contract.ts";
import { newTenant } from "../tenants/new-tenant.ts";
import { addTenant } from "../tenants/tenant-repository.ts";

/** Adds a tenant. It has no clients yet, and nothing to sell. */
export const createTenant: ActionHandler<"auth.createTenant", AuthService> = async function (ctx) {
  const { id, name } = ctx.params;
  const add = async (tx: Tx) => {
    const tenant = newTenant(id, name, this.clock.now());
    if (!(await addTenant(tx, tenant))) throw tenantTaken();
    return tenant;
  };
  // It is not the caller's own.
  return once(ctx, add, { tenant: "*" });
};
