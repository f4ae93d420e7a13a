import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { findStocks, listTransactions } from "../repository.ts";
import { stockView } from "../stock.ts";

/** The stock of a SKU with the end of its audit trail, of the tenant or of all. */
export const inspectStock: ActionHandler<"inventory.inspect"> = async function (ctx) {
  const { sku, limit } = ctx.params;
  const stocks = await findStocks(this.database, ownTenant(ctx), sku);
  return Promise.all(
    stocks.map(async (stock) => {
      const transactions = await listTransactions(this.database, stock, undefined, limit);
      return {
        tenant: stock.tenant,
        stock: stockView(stock),
        transactions: transactions.map(({ position: _, ...entry }) => entry),
      };
    }),
  );
};
