import { inTransaction } from "../../../platform/database.ts";
import { notFound } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { lockEndpoint, removeEndpoint } from "../endpoint-repository.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

/** Removes an endpoint: nothing is sent to it from now on, and its history is nobody's. Throws NOT_FOUND. */
export const removeWebhook: ActionHandler<"webhooks.remove", WebhooksService> = async function (ctx) {
  return inTransaction(ctx, async (tx) => {
    const endpoint = await lockEndpoint(tx, this.sealing, ownTenant(ctx), ctx.params.id);
    if (!endpoint) throw notFound();
    await removeEndpoint(tx, endpoint.id, this.clock.now());
    tx.afterCommit(() => this.expiry.wake());
    return null;
  });
};
