import type { ActionHandler } from "../../../platform/service.ts";
import { type PricedProduct, type Pricing, quoteCart } from "../quote.ts";
import { findPrices, findPricings } from "../repository.ts";

/**
 * Prices carts of several tenants, in the order of asking. Prices are always read: that takes 0.4 ms for a cart alone and
 * a hundredth of a millisecond for each of 64, and a cache would sell at prices that were changed on another node.
 */
export const quote: ActionHandler<"catalog.quote"> = async function (ctx) {
  const { requests } = ctx.params;
  const countries = distinct(requests.map(({ tenant, country }) => ({ tenant, country, key: `${tenant}/${country}` })));
  const skus = distinct(
    requests.flatMap(({ tenant, items }) => items.map(({ sku }) => ({ tenant, sku, key: `${tenant}/${sku}` }))),
  );
  const [pricings, prices] = await Promise.all([
    findPricings(this.database, countries),
    findPrices(this.database, skus),
  ]);
  const pricingOf = new Map<string, Pricing>(pricings.map((row) => [`${row.tenant}/${row.country}`, row]));
  const productsOf = new Map<string, Map<string, PricedProduct>>();
  for (const product of prices) {
    const products = productsOf.get(product.tenant) ?? new Map<string, PricedProduct>();
    productsOf.set(product.tenant, products.set(product.sku, product));
  }
  return requests.map((cart) =>
    quoteCart(cart, pricingOf.get(`${cart.tenant}/${cart.country}`), productsOf.get(cart.tenant) ?? new Map()),
  );
};

function distinct<T extends { key: string }>(list: readonly T[]): T[] {
  return [...new Map(list.map((one) => [one.key, one])).values()];
}
