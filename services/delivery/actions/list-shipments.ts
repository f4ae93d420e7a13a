import { validationFailed } from "../../../platform/errors.ts";
import { isUuid } from "../../../platform/ids.ts";
import { decodeCursor, encodeCursor } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { listShipments as read } from "../repository.ts";
import { viewerOf } from "../shared/viewer.ts";

/** The caller's shipments, newest first. */
export const listShipments: ActionHandler<"delivery.list"> = async function (ctx) {
  const viewer = viewerOf(ctx);
  const { orderId, limit = 20, cursor } = ctx.params;
  const below = cursor === undefined ? undefined : placeOf(cursor);
  const items = await read(this.database.of(viewer.tenant), viewer, { orderId, below, limit: limit + 1 });
  const last = items.length > limit ? items[limit - 1] : undefined;
  return { items: items.slice(0, limit), nextCursor: last ? encodeCursor([last.id]) : null };
};

function placeOf(cursor: string): string {
  const [id, ...more] = decodeCursor(cursor) ?? [];
  if (typeof id === "string" && isUuid(id) && more.length === 0) return id;
  throw validationFailed({ errors: [{ path: "/cursor", message: "is not a cursor of this list" }] });
}
