import { conflict } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import { newId } from "../../../platform/ids.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { WebhookWithSecret } from "../contract.ts";
import { webhookView } from "../endpoint.ts";
import { addEndpoint, countEndpoints } from "../endpoint-repository.ts";
import { endpointUrl } from "../sending/target.ts";
import { newSecret } from "../shared/secret.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

/** A tenant's share of the calls that a node makes is bounded by it. */
const MOST_OF_TENANT = 16;

/**
 * Adds an endpoint. It is told of the events that the orders' log numbers from now on. Throws VALIDATION_FAILED for a URL
 * that is not to be called, and CONFLICT when there are too many.
 */
export const createWebhook: ActionHandler<"webhooks.create", WebhooksService> = async function (ctx) {
  const { url, events = [], description } = ctx.params;
  const tenant = ownTenant(ctx);
  const secrets = {
    url: endpointUrl(url, this.insecureHosts),
    ...(description !== undefined && { description }),
    secret: newSecret(),
  };
  const fromSequence = await ctx.call<number>("orders.log.head");
  return once<WebhookWithSecret>(
    ctx,
    async (tx) => {
      if ((await countEndpoints(tx, tenant)) >= MOST_OF_TENANT)
        throw conflict({ detail: `There are ${MOST_OF_TENANT} endpoints, and no more than that.` });
      const now = this.clock.now();
      const id = newId();
      const types = [...new Set(events)];
      await addEndpoint(tx, this.sealing, { id, tenant, secrets, types, fromSequence }, now);
      const state = { enabled: true, disabledReason: null, disabledAt: null, failingSince: null };
      const view = webhookView({ id, tenant, secrets, types, ...state, createdAt: now, updatedAt: now }, now);
      return { ...view, secret: secrets.secret };
    },
    // Shown this once: a repetition is answered without it.
    { keep: ({ secret: _, ...webhook }) => webhook as WebhookWithSecret },
  );
};
