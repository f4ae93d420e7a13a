import { notFound } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { findStock } from "../repository.ts";
import { stockView } from "../stock.ts";

/** The stock of a SKU. */
export const getStock: ActionHandler<"inventory.get"> = async function (ctx) {
  const tenant = ownTenant(ctx);
  const stock = await findStock(this.database, { tenant, sku: ctx.params.sku });
  if (!stock) throw notFound();
  return stockView(stock);
};
