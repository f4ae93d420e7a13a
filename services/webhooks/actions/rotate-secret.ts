import { after } from "../../../platform/clock.ts";
import { notFound } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { WebhookWithSecret } from "../contract.ts";
import { type EndpointSecrets, webhookView } from "../endpoint.ts";
import { lockEndpoint, saveEndpoint } from "../endpoint-repository.ts";
import { newSecret } from "../shared/secret.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

const OVERLAP_SECONDS = 86_400;

/**
 * Gives an endpoint another secret, shown this once. The one before signs as well for a while, so that the receiver can
 * replace it when it likes; one that was before that does not any more. Throws NOT_FOUND.
 */
export const rotateSecret: ActionHandler<"webhooks.rotateSecret", WebhooksService> = async function (ctx) {
  const { id, overlapSeconds = OVERLAP_SECONDS } = ctx.params;
  return once<WebhookWithSecret>(
    ctx,
    async (tx) => {
      const before = await lockEndpoint(tx, this.sealing, ownTenant(ctx), id);
      if (!before) throw notFound();
      const now = this.clock.now();
      const { previous: _, ...kept } = before.secrets;
      const until = after(now, overlapSeconds * 1_000);
      const secrets: EndpointSecrets = {
        ...kept,
        secret: newSecret(),
        ...(overlapSeconds > 0 && { previous: { secret: kept.secret, until } }),
      };
      const endpoint = { ...before, secrets, updatedAt: now };
      await saveEndpoint(tx, this.sealing, endpoint, now);
      return { ...webhookView(endpoint, now), secret: secrets.secret };
    },
    { keep: ({ secret: _, ...webhook }) => webhook as WebhookWithSecret },
  );
};
