import { inTransaction } from "../../../platform/database.ts";
import { notFound, staleVersion, validationFailed } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { changed, productView } from "../product.ts";
import { lockProduct, saveProduct } from "../repository.ts";
import { assertCurrency, recordChange } from "../shared/record-change.ts";

/** Changes members of a product; what changes nothing makes no new version. */
export const updateProduct: ActionHandler<"catalog.update"> = async function (ctx) {
  const tenant = ownTenant(ctx);
  const { id, version, sku, ...changes } = ctx.params;
  return inTransaction(ctx, async (tx) => {
    const before = await lockProduct(tx, tenant, id);
    if (!before) throw notFound();
    if (version !== undefined && version !== before.version) throw staleVersion({ version: before.version });
    if (sku !== undefined && sku !== before.sku) {
      const errors = [{ path: "/sku", message: `must stay ${before.sku}: another SKU is another product` }];
      throw validationFailed({ detail: "The SKU of a product does not change.", errors });
    }
    if (changes.price) await assertCurrency(tx, tenant, changes.price);
    const product = changed(before, changes, this.clock.now());
    if (product !== before) {
      await saveProduct(tx, product);
      await recordChange(this, ctx, tx, "catalog.product_updated.v1", product);
    }
    return productView(product);
  });
};
