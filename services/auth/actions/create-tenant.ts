import type { Tx } from "../../../platform/database.ts";
import { once } from "../../../platform/idempotency.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { type Tenant, tenantTaken } from "../contract.ts";
import { addTenant } from "../tenants/tenant-repository.ts";

/** Adds a tenant. It has no clients yet, and nothing to sell. */
export const createTenant: ActionHandler<"auth.createTenant", AuthService> = async function (ctx) {
  const { id, name } = ctx.params;
  const add = async (tx: Tx) => {
    const now = this.clock.now();
    const tenant: Tenant = { id, name, active: true, version: 1, createdAt: now, updatedAt: now };
    if (!(await addTenant(tx, tenant))) throw tenantTaken();
    return tenant;
  };
  // It is not the caller's own.
  return once(ctx, add, { tenant: "*" });
};
