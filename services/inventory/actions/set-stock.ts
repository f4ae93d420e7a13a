import { inTransaction } from "../../../platform/database.ts";
import { staleVersion } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { belowReserved } from "../contract.ts";
import { moveStock } from "../movement-repository.ts";
import { createStock, lockStock } from "../repository.ts";
import { causeOf } from "../shared/cause.ts";
import { type StockRow, setOnHand, stockKey, stockView } from "../stock.ts";

/** Sets what is on hand of a SKU, and makes its stock if there is none. To set what is there already changes nothing. */
export const setStock: ActionHandler<"inventory.set"> = async function (ctx) {
  const { sku, onHand, version } = ctx.params;
  const key = { tenant: ownTenant(ctx), sku };
  const cause = causeOf(this, ctx);
  return inTransaction(ctx, async (tx) => {
    const stocks = await lockStock(tx, [key]);
    const stock = stocks.get(stockKey(key));
    const decided = setOnHand(stock, onHand, version);
    if ("refused" in decided) {
      if (decided.refused === "BELOW_RESERVED") throw belowReserved({ reserved: stock?.reserved ?? 0 });
      throw staleVersion({ version: stock?.version ?? 0 });
    }
    if (!stock) return stockView(await createStock(tx, key, onHand, cause));
    if (decided.change === 0) return stockView(stock);
    const { actor } = cause;
    const set = { ...key, type: "SET", onHandChange: decided.change, reservedChange: 0, actor } as const;
    const moved = moveStock(tx, this.log, stocks, [set], cause);
    return stockView(moved.get(stockKey(key)) as StockRow);
  });
};
