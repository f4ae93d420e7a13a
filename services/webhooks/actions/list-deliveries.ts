import { encodeCursor, idOfCursor } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { listDeliveries as read } from "../delivery-repository.ts";
import { ownEndpoint } from "../shared/own-endpoint.ts";
import { idsOf } from "../shared/time-range.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

/** What was sent to an endpoint, or is to be sent, newest first. Throws NOT_FOUND for another tenant's. */
export const listDeliveries: ActionHandler<"webhooks.listDeliveries", WebhooksService> = async function (ctx) {
  const { id, state, from, to, limit = 20, cursor } = ctx.params;
  const endpoint = await ownEndpoint(this, ctx, id);
  const { fromId, belowId } = idsOf(from, to);
  // Behind the end of the time there is nothing, also for a cursor of another time.
  const place = cursor === undefined ? belowId : idOfCursor(cursor).toLowerCase();
  const filter = { state, fromId, belowId: [place, belowId].sort()[0] as string };
  const rows = await read(this.database.of(endpoint.tenant), endpoint.id, filter, limit + 1);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encodeCursor([last.id]) : null };
};
