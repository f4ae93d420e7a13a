import { notFound, validationFailed } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { belowReserved } from "../contract.ts";
import { moveStock } from "../movement-repository.ts";
import { lockStock } from "../repository.ts";
import { causeOf } from "../shared/cause.ts";
import { adjustOnHand, MOST_ON_HAND, type StockRow, stockKey, stockView } from "../stock.ts";

/** Adds to or takes from what is on hand of a SKU. */
export const adjustStock: ActionHandler<"inventory.adjust"> = async function (ctx) {
  const { sku, delta, reason } = ctx.params;
  const key = { tenant: ownTenant(ctx), sku };
  const cause = causeOf(this, ctx);
  return once(ctx, async (tx) => {
    const stocks = await lockStock(tx, [key]);
    const stock = stocks.get(stockKey(key));
    if (!stock) throw notFound();
    const decided = adjustOnHand(stock, delta);
    if ("refused" in decided) {
      if (decided.refused === "BELOW_RESERVED") throw belowReserved({ onHand: stock.onHand, reserved: stock.reserved });
      const message = `must leave at most ${MOST_ON_HAND} on hand; there are ${stock.onHand}`;
      throw validationFailed({ detail: `/delta: ${message}`, errors: [{ path: "/delta", message }] });
    }
    const { actor } = cause;
    const adjusted = { ...key, type: "ADJUSTED", onHandChange: delta, reservedChange: 0, reason, actor } as const;
    const moved = moveStock(tx, this.log, stocks, [adjusted], cause);
    return stockView(moved.get(stockKey(key)) as StockRow);
  });
};
