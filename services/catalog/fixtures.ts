import type { Instant } from "../../platform/clock.ts";
import type { Database } from "../../platform/database.ts";
import { EventLog } from "../../platform/event-log.ts";
import { newId } from "../../platform/ids.ts";
import { acmeProducts } from "./fixtures/acme-products.ts";
import { demoProducts } from "./fixtures/demo-products.ts";
import type { FixtureProduct } from "./fixtures/fixture-product.ts";
import { factOf, newProduct, type ProductRow } from "./product.ts";
import { addSettings, insertProducts, knownSkus, type Settings } from "./repository.ts";

/** A tenant of the embedded profile: how it sells, and what. */
export interface FixtureCatalog {
  readonly settings: Settings;
  readonly products: readonly FixtureProduct[];
}

/** The catalogs of the embedded profile. One has prices without tax and the other with it. Rates are in basis points. */
export const catalogs: readonly FixtureCatalog[] = [
  {
    settings: {
      tenant: "demo",
      currency: "EUR",
      pricesIncludeTax: false,
      shippingAmount: 490,
      taxRates: { DE: 1_900, FR: 2_000, AT: 2_000, NL: 2_100, "*": 0 },
    },
    products: demoProducts,
  },
  {
    settings: {
      tenant: "acme",
      currency: "USD",
      pricesIncludeTax: true,
      shippingAmount: 799,
      taxRates: { US: 825, CA: 1_300, "*": 0 },
    },
    products: acmeProducts,
  },
];

/**
 * Adds the settings and products that are missing, with their events. What is there stays as it is, and a product that
 * was deleted stays away.
 */
export async function seedCatalog(database: Database, now: Instant): Promise<void> {
  const log = new EventLog("catalog", database);
  await database.transaction("*", async (tx) => {
    await addSettings(
      tx,
      catalogs.map(({ settings }) => settings),
    );
    const known = await knownSkus(
      tx,
      catalogs.map(({ settings }) => settings.tenant),
    );
    const missing = catalogs
      .flatMap((catalog) => rowsOf(catalog, now))
      .filter(({ tenant, sku }) => !known.has(`${tenant}/${sku}`));
    const added = await insertProducts(tx, missing);
    const meta = { actor: "service:catalog", correlationId: newId() };
    log.append(
      tx,
      added.map((product) => ({
        stream: product.id,
        version: 1,
        type: "catalog.product_created.v1",
        tenant: product.tenant,
        data: factOf(product),
        meta,
        at: now,
      })),
    );
  });
}

function rowsOf({ settings, products }: FixtureCatalog, now: Instant): ProductRow[] {
  const { tenant, currency } = settings;
  // From the last to the first, because lists begin with the newest.
  return products.toReversed().map(({ price, ...product }) => {
    const slug = product.name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "");
    const images = [
      { url: `https://images.example.com/${tenant}/${product.sku.toLowerCase()}.jpg`, alt: product.name },
    ];
    const seo = { title: product.name, description: product.description, slug };
    return newProduct(newId(), tenant, { ...product, price: { amount: price, currency }, images, seo }, now);
  });
}
