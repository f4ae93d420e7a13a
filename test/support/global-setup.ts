import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmbeddedPostgres } from "../../platform/embedded-postgres.ts";
import { seedFixtures } from "../../scripts/fixtures.ts";
import { domainUrls, prepareDatabase } from "../../scripts/prepare-database.ts";

export const TEMPLATE = "waybill_template";

/** One PostgreSQL for the whole run; every suite works on its own copy of a database that is migrated and seeded once. */
export default async function globalSetup(): Promise<void> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "waybill-test-"));
  // Durability is what the crash tests are about; they start a platform of their own. And each suite connects anew
  // dozens of times, with passwords that nobody could guess.
  const settings = { fsync: "off", max_connections: "800", max_wal_size: "256MB", scram_iterations: "1" };
  const postgres = await startEmbeddedPostgres({ dataDir, settings });
  await prepareDatabase(postgres, TEMPLATE);
  await seedFixtures(domainUrls(postgres, TEMPLATE));
  Object.assign(globalThis, { waybillTestPostgres: { postgres, dataDir } });
  process.env.TEST_POSTGRES_URL = postgres.url("postgres");
  process.env.TEST_POSTGRES_PASSWORD = postgres.password;
}
