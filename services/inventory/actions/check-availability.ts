import type { ResultOf } from "../../../platform/contracts.ts";
import type { Queries } from "../../../platform/database.ts";
import { once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ItemQuantity } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { availabilityOf } from "../repository.ts";
import { summed } from "../stock.ts";

/** Whether lines could be reserved now. A SKU without stock has 0. */
export const checkAvailability: ActionHandler<"inventory.checkAvailability"> = async function (ctx) {
  const tenant = ownTenant(ctx);
  // Nothing is written: only a key, which is accepted on every POST, needs a transaction.
  if (!ctx.meta.idempotency) return look(this.database.of(tenant), tenant, ctx.params.items);
  return once(ctx, (tx) => look(tx, tenant, ctx.params.items));
};

async function look(
  queries: Queries,
  tenant: string,
  asked: readonly ItemQuantity[],
): Promise<ResultOf<"inventory.checkAvailability">> {
  const wanted = summed(asked);
  const keys = wanted.map(({ sku }) => ({ tenant, sku }));
  const available = await availabilityOf(queries, keys);
  const items = wanted.map(({ sku, quantity }, i) => ({ sku, requested: quantity, available: available[i] ?? 0 }));
  return { available: items.every((line) => line.available >= line.requested), items };
}
