import { validationFailed } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import { decodeCursor, encodeCursor } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { listTemplates as list } from "../template-repository.ts";

type Place = [type: string, medium: string, language: string];

/** Which messages have words of the tenant's own. Throws VALIDATION_FAILED for a cursor that is none of this list. */
export const listTemplates: ActionHandler<"notifications.listTemplates"> = async function (ctx) {
  const { limit = 20, cursor } = ctx.params;
  const behind: Place = cursor === undefined ? ["", "", ""] : placeOf(cursor);
  const rows = await list(this.database, ownTenant(ctx), behind, limit + 1);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const isMore = rows.length > limit && last !== undefined;
  return { items, nextCursor: isMore ? encodeCursor([last.type, last.medium, last.language]) : null };
};

function placeOf(cursor: string): Place {
  const place = decodeCursor(cursor) ?? [];
  if (place.length === 3 && place.every((part) => typeof part === "string" && !part.includes("\0")))
    return place as Place;
  throw validationFailed({ errors: [{ path: "/cursor", message: "is not a cursor of this list" }] });
}
