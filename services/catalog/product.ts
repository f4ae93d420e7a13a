import type { Instant } from "../../platform/clock.ts";
import type { Events, ParamsOf } from "../../platform/contracts.ts";
import { money } from "../../platform/money.ts";
import type { Product } from "./contract.ts";

/** A product as it is kept. */
export interface ProductRow {
  readonly id: string;
  readonly tenant: string;
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly priceAmount: number;
  readonly currency: string;
  readonly attributes: Product["attributes"];
  readonly images: Product["images"];
  readonly seo: Product["seo"];
  readonly active: boolean;
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** What a new product is made from; what is left out gets its default. */
export type NewProduct = ParamsOf<"catalog.create">;
/** What may change of a product; what is left out stays. */
export type ProductChanges = Omit<ParamsOf<"catalog.update">, "id" | "version">;

export function newProduct(id: string, tenant: string, { price, ...given }: NewProduct, now: Instant): ProductRow {
  return {
    description: "",
    category: "uncategorised",
    attributes: {},
    images: [],
    seo: {},
    active: true,
    ...given,
    id,
    tenant,
    priceAmount: price.amount,
    currency: price.currency,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

/** The product with its changes, one version on; the same one when nothing changes. */
export function changed(product: ProductRow, { price, ...given }: ProductChanges, now: Instant): ProductRow {
  const next = { ...product, ...given, ...(price && { priceAmount: price.amount, currency: price.currency }) };
  if (canonical(next) === canonical(product)) return product;
  return { ...next, version: product.version + 1, updatedAt: now };
}

export function productView(product: Omit<ProductRow, "tenant">): Product {
  const { id, sku, name, description, category, attributes, images, seo, active, version } = product;
  const price = money(product.priceAmount, product.currency);
  const { createdAt, updatedAt } = product;
  return {
    id,
    sku,
    name,
    description,
    category,
    price,
    attributes,
    images,
    seo,
    active,
    version,
    createdAt,
    updatedAt,
  };
}

/** What the events of a product say of it. */
export function factOf(product: ProductRow): Events["catalog.product_created.v1"] {
  const { id, sku, name, category, active, version } = product;
  return { productId: id, sku, name, category, price: money(product.priceAmount, product.currency), active, version };
}

/** The same text for the same value: `jsonb` comes back with its members in another order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    member !== null && typeof member === "object" && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
