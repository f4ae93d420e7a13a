import { notFound } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { productView } from "../product.ts";
import { type CatalogService, findProducts } from "../reads/product-reads.ts";

/** A product of the caller's catalog, sold or not. */
export const getProduct: ActionHandler<"catalog.get", CatalogService> = async function (ctx) {
  const tenant = ownTenant(ctx);
  const [product] = await findProducts(this, ctx, { tenant, id: ctx.params.id }, [], 1);
  if (!product) throw notFound();
  return productView(product);
};
