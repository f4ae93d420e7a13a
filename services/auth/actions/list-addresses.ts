import { encodeCursor, idOfCursor } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { findAddresses } from "../customers/address-repository.ts";
import { ownCustomer } from "../customers/own-customer.ts";
import { addressView } from "../customers/saved-address.ts";

/** The addresses of the customer who asks, newest first. */
export const listAddresses: ActionHandler<"auth.listAddresses"> = async function (ctx) {
  const { limit = 20, cursor } = ctx.params;
  const before = cursor === undefined ? undefined : idOfCursor(cursor);
  const owner = ownCustomer(ctx);
  const rows = await findAddresses(this.database.of(owner.tenant), owner, limit + 1, before);
  const items = rows.slice(0, limit).map((row) => addressView(this.sealing, row));
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encodeCursor([last.id]) : null };
};
