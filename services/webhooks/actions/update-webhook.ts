import { inTransaction } from "../../../platform/database.ts";
import { notFound } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { type Endpoint, webhookView } from "../endpoint.ts";
import { lockEndpoint, saveEndpoint } from "../endpoint-repository.ts";
import { endpointUrl } from "../sending/target.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

/** Changes members of an endpoint, disables or enables it. Throws NOT_FOUND and VALIDATION_FAILED. */
export const updateWebhook: ActionHandler<"webhooks.update", WebhooksService> = async function (ctx) {
  const { id, url, events, description, enabled } = ctx.params;
  const changed = {
    ...(url !== undefined && { url: endpointUrl(url, this.insecureHosts) }),
    ...(description !== undefined && { description }),
  };
  // What happened while it was disabled is not for it, even where nobody has read as far yet.
  const head = enabled ? await ctx.call<number>("orders.log.head") : undefined;
  return inTransaction(ctx, async (tx) => {
    const before = await lockEndpoint(tx, this.sealing, ownTenant(ctx), id);
    if (!before) throw notFound();
    const now = this.clock.now();
    const endpoint: Endpoint = {
      ...before,
      secrets: { ...before.secrets, ...changed },
      ...(events && { types: [...new Set(events)] }),
      ...(enabled !== undefined && enabled !== before.enabled && switched(enabled, now)),
      updatedAt: now,
    };
    await saveEndpoint(tx, this.sealing, endpoint, now, head);
    tx.afterCommit(() => this.sending.wake());
    return webhookView(endpoint, now);
  });
};

function switched(enabled: boolean, now: string) {
  return enabled
    ? { enabled, disabledReason: null, disabledAt: null, failingSince: null }
    : { enabled, disabledReason: "OPERATOR" as const, disabledAt: now, failingSince: null };
}
