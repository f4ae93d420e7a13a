import type { ActionHandler } from "../../../platform/service.ts";
import { webhookView } from "../endpoint.ts";
import { ownEndpoint } from "../shared/own-endpoint.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

/** An endpoint. Throws NOT_FOUND for another tenant's. */
export const getWebhook: ActionHandler<"webhooks.get", WebhooksService> = async function (ctx) {
  return webhookView(await ownEndpoint(this, ctx, ctx.params.id), this.clock.now());
};
