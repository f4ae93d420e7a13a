import { notFound } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { replayDeliveries as requeue } from "../delivery-repository.ts";
import { lockEndpoint } from "../endpoint-repository.ts";
import { tenantOf } from "../shared/caller-tenant.ts";
import { idsOf } from "../shared/time-range.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

/** What one transaction may take. */
const MOST = 10_000;

/** Puts deliveries of a time, or of a state, into the queue again. Throws NOT_FOUND. */
export const replayDeliveries: ActionHandler<"webhooks.replay", WebhooksService> = async function (ctx) {
  const { id, state, from, to } = ctx.params;
  return once(ctx, async (tx) => {
    const endpoint = await lockEndpoint(tx, this.sealing, tenantOf(ctx), id);
    if (!endpoint) throw notFound();
    const replayed = await requeue(tx, endpoint.id, { state, ...idsOf(from, to) }, MOST, this.clock.now());
    tx.afterCommit(() => this.sending.wake());
    return { replayed, more: replayed === MOST };
  });
};
