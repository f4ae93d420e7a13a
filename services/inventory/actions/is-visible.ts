import { notFound } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { findStock } from "../repository.ts";

/** Whether the caller's tenant has stock of a SKU, whatever else the caller may. Throws NOT_FOUND when not. */
export const isVisible: ActionHandler<"inventory.visible"> = async function (ctx) {
  const tenant = ownTenant(ctx);
  const { sku } = ctx.params;
  if (!(await findStock(this.database, { tenant, sku }))) throw notFound();
  return { sku };
};
