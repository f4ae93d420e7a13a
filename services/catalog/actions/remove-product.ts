import { inTransaction } from "../../../platform/database.ts";
import { notFound } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { deleteProduct, lockProduct } from "../repository.ts";
import { recordChange } from "../shared/record-change.ts";

/** Takes a product out of the catalog; its SKU is free again. */
export const removeProduct: ActionHandler<"catalog.remove"> = async function (ctx) {
  const tenant = ownTenant(ctx);
  return inTransaction(ctx, async (tx) => {
    const before = await lockProduct(tx, tenant, ctx.params.id);
    if (!before) throw notFound();
    const now = this.clock.now();
    const product = { ...before, version: before.version + 1, updatedAt: now };
    await deleteProduct(tx, product, now);
    await recordChange(this, ctx, tx, "catalog.product_deleted.v1", product);
    return null;
  });
};
