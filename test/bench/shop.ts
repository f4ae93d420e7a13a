import { systemClock } from "../../platform/clock.ts";
import type { DomainName } from "../../platform/config.ts";
import { Database } from "../../platform/database.ts";
import { newId } from "../../platform/ids.ts";
import { newProduct } from "../../services/catalog/product.ts";
import { insertProducts } from "../../services/catalog/repository.ts";
import { seedStock } from "../../services/inventory/repository.ts";

/** How many SKUs the shop has that is sold out of here; as many as the baselines have. */
export const SKUS = 1_000;
export const TENANT = "demo";
/** So much that nothing runs out. */
const ON_HAND = 1_000_000_000;

export function skuOf(index: number): string {
  return `BENCH-${String(index).padStart(4, "0")}`;
}

/** Puts the products and their stock beside the fixtures', in a database in which nothing has happened yet. */
export async function seedShop(databases: Readonly<Record<DomainName, string>>): Promise<void> {
  const now = systemClock.now();
  const products = Array.from({ length: SKUS }, (_, i) =>
    newProduct(
      newId(),
      TENANT,
      {
        sku: skuOf(i),
        name: `Measured Blend No. ${i}`,
        description: "Whole beans from Brazil and Honduras, roasted medium. Chocolate, hazelnut, little acidity.",
        category: i % 2 === 0 ? "coffee" : "tea",
        price: { amount: 500 + i, currency: "EUR" },
        attributes: { weightGrams: 1_000, roast: "medium", ground: false },
      },
      now,
    ),
  );
  const stock = products.map(({ sku }) => ({ tenant: TENANT, sku, id: newId(), onHand: ON_HAND, entry: newId() }));
  await inDomain(databases, "catalog", (database) => database.transaction("*", (tx) => insertProducts(tx, products)));
  await inDomain(databases, "inventory", (database) => seedStock(database, stock, "bench", now));
}

async function inDomain(
  databases: Readonly<Record<DomainName, string>>,
  domain: DomainName,
  work: (database: Database) => Promise<unknown>,
): Promise<void> {
  const database = new Database(databases[domain], domain, 1);
  try {
    await work(database);
  } finally {
    await database.close();
  }
}
