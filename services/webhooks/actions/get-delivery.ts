import type { ActionHandler } from "../../../platform/service.ts";
import { deliveryView } from "../shared/delivery-view.ts";
import { ownEndpoint } from "../shared/own-endpoint.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

/** A delivery with its request and every answer. Throws NOT_FOUND for another tenant's, or another endpoint's. */
export const getDelivery: ActionHandler<"webhooks.getDelivery", WebhooksService> = async function (ctx) {
  const endpoint = await ownEndpoint(this, ctx, ctx.params.id);
  return deliveryView(this, this.database.of(endpoint.tenant), endpoint, ctx.params.deliveryId);
};
