import { once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import { newId } from "../../../platform/ids.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { skuTaken } from "../contract.ts";
import { newProduct, productView } from "../product.ts";
import { insertProducts } from "../repository.ts";
import { assertCurrency, recordChange } from "../shared/record-change.ts";

/** Adds a product to the caller's catalog. */
export const createProduct: ActionHandler<"catalog.create"> = async function (ctx) {
  const tenant = ownTenant(ctx);
  return once(ctx, async (tx) => {
    await assertCurrency(tx, tenant, ctx.params.price);
    const [product] = await insertProducts(tx, [newProduct(newId(), tenant, ctx.params, this.clock.now())]);
    if (!product) throw skuTaken();
    await recordChange(this, ctx, tx, "catalog.product_created.v1", product);
    return productView(product);
  });
};
