import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import { encodeCursor, idOfCursor } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { webhookView } from "../endpoint.ts";
import { listEndpoints } from "../endpoint-repository.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

/** The tenant's endpoints, newest first. */
export const listWebhooks: ActionHandler<"webhooks.list", WebhooksService> = async function (ctx) {
  const { limit = 20, cursor } = ctx.params;
  const tenant = ownTenant(ctx);
  const below = cursor === undefined ? undefined : idOfCursor(cursor);
  const rows = await listEndpoints(this.database.of(tenant), this.sealing, tenant, below, limit + 1);
  const now = this.clock.now();
  const items = rows.slice(0, limit).map((endpoint) => webhookView(endpoint, now));
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encodeCursor([last.id]) : null };
};
