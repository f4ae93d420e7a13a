import type { ActionHandler, Identity } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { listManaged } from "../clients/client-repository.ts";
import { clientView } from "../clients/managed-client.ts";
import { tenantsOf } from "../clients/whose.ts";
import { pageOf, placeOf } from "../tenants/place.ts";

/** The clients of the caller's tenant, newest first; the platform's operators see those of all, or of one. */
export const listClients: ActionHandler<"auth.listClients", AuthService> = async function (ctx) {
  const { limit = 20, cursor, tenant } = ctx.params;
  const before = placeOf(cursor);
  const visible = tenantsOf(ctx.meta.identity as Identity);
  // Another's are not there.
  if (tenant !== undefined && visible !== "*" && tenant !== visible) return { items: [], nextCursor: null };
  const rows = await listManaged(this.database, { tenant: tenant ?? visible, before, limit: limit + 1 });
  const { items, nextCursor } = pageOf(rows, limit);
  return { items: items.map((client) => clientView(client, this.clock.now())), nextCursor };
};
