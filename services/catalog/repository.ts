import type { Instant } from "../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../platform/database.ts";
import type { ProductRow } from "./product.ts";
import type { PricedProduct, Pricing } from "./quote.ts";

const PRODUCT = `id, tenant, sku, name, description, category, price_amount as "priceAmount", currency, attributes, images, seo, active,
  version, created_at as "createdAt", updated_at as "updatedAt"`;

const currency = statement("catalog.currency", "select currency from settings where tenant = $1");
const insert = statement(
  "products.insert",
  `insert into products (id, tenant, sku, name, description, category, price_amount, currency, attributes, images, seo, active,
     version, created_at, updated_at)
   select id, tenant, sku, name, description, category, "priceAmount", currency, attributes, images, seo, active,
     version, "createdAt", "updatedAt" from json_to_recordset($1) as p(
     id uuid, tenant text, sku text, name text, description text, category text, "priceAmount" bigint, currency text,
     attributes jsonb, images jsonb, seo jsonb, active boolean, version int, "createdAt" timestamptz, "updatedAt" timestamptz)
   on conflict (tenant, sku) where deleted_at is null do nothing returning id`,
);
const lock = statement(
  "products.lock",
  `select ${PRODUCT} from products where id = $1 and tenant = $2 and deleted_at is null for update`,
);
const update = statement(
  "products.update",
  `update products p set name = n.name, description = n.description, category = n.category, price_amount = n."priceAmount",
     currency = n.currency, attributes = n.attributes, images = n.images, seo = n.seo, active = n.active, version = n.version,
     updated_at = n."updatedAt"
   from json_to_record($1) as n(
     id uuid, name text, description text, category text, "priceAmount" bigint, currency text, attributes jsonb, images jsonb,
     seo jsonb, active boolean, version int, "updatedAt" timestamptz)
   where p.id = n.id`,
);
const remove = statement(
  "products.remove",
  "update products set deleted_at = $2, updated_at = $2, version = $3 where id = $1",
);
const skus = statement("products.skus", "select tenant, sku from products where tenant = any($1)");
const settings = statement(
  "catalog.add_settings",
  `with given as (
     select * from json_to_recordset($1) as s(
       tenant text, currency text, "pricesIncludeTax" boolean, "shippingAmount" bigint, "shippingTaxRate" int, "taxRates" json)),
   added as (
     insert into settings (tenant, currency, prices_include_tax, shipping_amount, shipping_tax_rate)
     select tenant, currency, "pricesIncludeTax", "shippingAmount", "shippingTaxRate" from given
     on conflict do nothing returning tenant)
   insert into tax_rates (tenant, country, rate)
   select tenant, r.key, r.value::int from added join given using (tenant), json_each_text(given."taxRates") as r`,
);
const pricings = statement(
  "catalog.pricings",
  `select k.tenant, k.country, s.currency, s.prices_include_tax as "pricesIncludeTax", coalesce(r.rate, d.rate, 0) as "taxRate",
     s.shipping_amount as "shippingAmount", coalesce(s.shipping_tax_rate, r.rate, d.rate, 0) as "shippingTaxRate"
   from unnest($1::text[], $2::text[]) as k(tenant, country)
   join settings s using (tenant)
   left join tax_rates r on r.tenant = k.tenant and r.country = k.country
   left join tax_rates d on d.tenant = k.tenant and d.country = '*'`,
);
// Lateral and limited, so that each SKU is looked up in the index whatever the planner knows of the table.
const prices = statement(
  "catalog.prices",
  `select p.* from unnest($1::text[], $2::text[]) as k(tenant, sku) cross join lateral (
     select p.tenant, p.id, p.version, p.sku, p.name, p.price_amount as "priceAmount", p.currency from products p
     where p.tenant = k.tenant and p.sku = k.sku and p.deleted_at is null and p.active limit 1) p`,
);

/** The currency a tenant sells in; `undefined` when it has no settings yet. */
export async function currencyOf(tx: Tx, tenant: string): Promise<string | undefined> {
  const [row] = await tx.query<{ currency: string }>(currency, [tenant]);
  return row?.currency;
}

/** Adds products. Answers those that were added: what has the SKU of another product is left out. */
export async function insertProducts(tx: Tx, products: readonly ProductRow[]): Promise<ProductRow[]> {
  const rows = await tx.query<{ id: string }>(insert, [JSON.stringify(products)]);
  const added = new Set(rows.map(({ id }) => id));
  return products.filter(({ id }) => added.has(id));
}

/** The SKUs that tenants have or had, each as `<tenant>/<sku>`; those of deleted products too. */
export async function knownSkus(tx: Tx, tenants: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ tenant: string; sku: string }>(skus, [tenants]);
  return new Set(rows.map(({ tenant, sku }) => `${tenant}/${sku}`));
}

/** How a tenant sells. Rates are basis points by country, `*` for all others. */
export interface Settings {
  readonly tenant: string;
  readonly currency: string;
  readonly pricesIncludeTax: boolean;
  readonly shippingAmount: number;
  /** The rate of the country when left out. */
  readonly shippingTaxRate?: number;
  readonly taxRates: Readonly<Record<string, number>>;
}

/** Adds the settings of tenants that have none, and their rates. */
export async function addSettings(tx: Tx, list: readonly Settings[]): Promise<void> {
  await tx.query(settings, [JSON.stringify(list)]);
}

/** Locks a product that is not deleted until the transaction ends. */
export async function lockProduct(tx: Tx, tenant: string, id: string): Promise<ProductRow | undefined> {
  const [row] = await tx.query<ProductRow>(lock, [id, tenant]);
  return row;
}

export async function saveProduct(tx: Tx, product: ProductRow): Promise<void> {
  await tx.query(update, [JSON.stringify(product)]);
}

/** Marks a product as deleted. Its row stays, because orders name it. */
export async function deleteProduct(
  tx: Tx,
  { id, version }: Pick<ProductRow, "id" | "version">,
  now: Instant,
): Promise<void> {
  await tx.query(remove, [id, now, version]);
}

/** How tenants sell into countries. A tenant that has no settings is left out. */
export function findPricings(database: Database, keys: readonly { tenant: string; country: string }[]) {
  const columns = [keys.map(({ tenant }) => tenant), keys.map(({ country }) => country)];
  return database.acrossTenants.query<Pricing & { tenant: string; country: string }>(pricings, columns);
}

/** The prices of SKUs that are sold. */
export function findPrices(database: Database, keys: readonly { tenant: string; sku: string }[]) {
  const columns = [keys.map(({ tenant }) => tenant), keys.map(({ sku }) => sku)];
  return database.acrossTenants.query<PricedProduct & { tenant: string }>(prices, columns);
}
