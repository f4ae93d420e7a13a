import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { pageOf, placeOf } from "../tenants/place.ts";
import { listTenants as listRows } from "../tenants/tenant-repository.ts";

/** All tenants, newest first. */
export const listTenants: ActionHandler<"auth.listTenants", AuthService> = async function (ctx) {
  const { limit = 20, cursor } = ctx.params;
  return pageOf(await listRows(this.database.acrossTenants, placeOf(cursor), limit + 1), limit);
};
