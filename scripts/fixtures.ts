import { systemClock } from "../platform/clock.ts";
import type { DomainName } from "../platform/config.ts";
import { Database } from "../platform/database.ts";
import { seedAuth } from "../services/auth/fixtures.ts";
import { seedCatalog } from "../services/catalog/fixtures.ts";
import { seedInventory } from "../services/inventory/fixtures.ts";

/** Puts the embedded profile's demo tenants, clients, products and stock where they are missing; changes nothing else. */
export async function seedFixtures(databases: Readonly<Record<DomainName, string>>): Promise<void> {
  const now = systemClock.now();
  const seeds = { auth: seedAuth, catalog: seedCatalog, inventory: seedInventory };
  await Promise.all(
    Object.entries(seeds).map(async ([domain, seed]) => {
      const database = new Database(databases[domain as DomainName], domain, 2);
      try {
        await seed(database, now);
      } finally {
        await database.close();
      }
    }),
  );
}
