import { notFound, validationFailed } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import { decodeCursor, encodeCursor } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { findStock, listTransactions } from "../repository.ts";

/** The audit trail of a SKU, newest first. */
export const listStockTransactions: ActionHandler<"inventory.listTransactions"> = async function (ctx) {
  const tenant = ownTenant(ctx);
  const { sku, limit = 20, cursor } = ctx.params;
  const key = { tenant, sku };
  // Whether the SKU is there is said before what is wrong with the query.
  if (!(await findStock(this.database, key))) throw notFound();
  const before = cursor === undefined ? undefined : placeOf(cursor);
  const found = await listTransactions(this.database, key, before, limit + 1);
  const last = found[limit - 1];
  return {
    items: found.slice(0, limit).map(({ position: _position, ...entry }) => entry),
    nextCursor: found.length > limit && last ? encodeCursor([last.position]) : null,
  };
};

function placeOf(cursor: string): number {
  const [position, ...rest] = decodeCursor(cursor) ?? [];
  if (typeof position === "number" && Number.isSafeInteger(position) && position > 0 && rest.length === 0)
    return position;
  throw validationFailed({ errors: [{ path: "/cursor", message: "is not a cursor of this list" }] });
}
