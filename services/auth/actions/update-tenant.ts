import { isDeepStrictEqual } from "node:util";
import { conflict, notFound, staleVersion } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { renewEpochsOf } from "../clients/client-repository.ts";
import { endTokens } from "../clients/end-tokens.ts";
import { tellRulesChanged } from "../clients/tell-rules-changed.ts";
import { lockTenant, saveTenant } from "../tenants/tenant-repository.ts";

/** Changes members of a tenant. One that is disabled gets no tokens any more, and those that it has end. */
export const updateTenant: ActionHandler<"auth.updateTenant", AuthService> = async function (ctx) {
  const { id, version, ...changes } = ctx.params;
  return this.database.transaction("*", async (tx) => {
    const before = await lockTenant(tx, id);
    if (!before) throw notFound();
    if (version !== undefined && version !== before.version) throw staleVersion({ version: before.version });
    const tenant = { ...before, ...changes };
    if (isDeepStrictEqual(tenant, before)) return before;
    if (!tenant.active && ownTenant(ctx) === id)
      throw conflict({ detail: "The tenant is your own: nobody could enable it again." });
    if (before.active && !tenant.active) await endTokens(this, tx, { epochs: await renewEpochsOf(tx, id), tenant: id });
    const saved = { ...tenant, version: before.version + 1, updatedAt: this.clock.now() };
    await saveTenant(tx, saved);
    tx.afterCommit(() => tellRulesChanged(this));
    return saved;
  });
};
