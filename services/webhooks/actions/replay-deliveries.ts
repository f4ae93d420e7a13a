import { notFound } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import { encodeCursor, idOfCursor } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { replayDeliveries as requeue } from "../delivery-repository.ts";
import { lockEndpoint } from "../endpoint-repository.ts";
import { idsOf } from "../shared/time-range.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

/** What one transaction may take. */
const MOST = 10_000;

/**
 * Puts deliveries of a time, or of a state, into the queue again. Where there are more than one transaction may take, the
 * answer says where the next one goes on. Throws NOT_FOUND.
 */
export const replayDeliveries: ActionHandler<"webhooks.replay", WebhooksService> = async function (ctx) {
  const { id, state, from, to, cursor } = ctx.params;
  const rest = { limit: MOST, behind: cursor === undefined ? undefined : idOfCursor(cursor) };
  return once(ctx, async (tx) => {
    const endpoint = await lockEndpoint(tx, this.sealing, ownTenant(ctx), id);
    if (!endpoint) throw notFound();
    const { count, last } = await requeue(tx, endpoint.id, { state, ...idsOf(from, to) }, rest, this.clock.now());
    tx.afterCommit(() => this.sending.wake());
    const more = count === MOST && last !== null;
    return { replayed: count, more, nextCursor: more ? encodeCursor([last]) : null };
  });
};
