import type { ActionHandler, Identity } from "../../../platform/service.ts";
import { availabilityOf } from "../repository.ts";
import { summed } from "../stock.ts";

/** Whether lines could be reserved now. A SKU without stock has 0. */
export const checkAvailability: ActionHandler<"inventory.checkAvailability"> = async function (ctx) {
  const { tenant } = ctx.meta.identity as Identity;
  const wanted = summed(ctx.params.items);
  const available = await availabilityOf(
    this.database,
    wanted.map(({ sku }) => ({ tenant, sku })),
  );
  const items = wanted.map(({ sku, quantity }, i) => ({ sku, requested: quantity, available: available[i] ?? 0 }));
  return { available: items.every((line) => line.available >= line.requested), items };
};
