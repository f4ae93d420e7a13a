import { notFound } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { replayDelivery as requeue } from "../delivery-repository.ts";
import { lockEndpoint } from "../endpoint-repository.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

/** Puts a delivery into the queue again, whatever became of it. Throws NOT_FOUND. */
export const replayDelivery: ActionHandler<"webhooks.replayDelivery", WebhooksService> = async function (ctx) {
  const { id, deliveryId } = ctx.params;
  return once(ctx, async (tx) => {
    const endpoint = await lockEndpoint(tx, this.sealing, ownTenant(ctx), id);
    const delivery = endpoint && (await requeue(tx, endpoint.id, deliveryId, this.clock.now()));
    if (!delivery) throw notFound();
    tx.afterCommit(() => this.sending.wake());
    return delivery;
  });
};
