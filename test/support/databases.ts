import { randomBytes } from "node:crypto";
import pg from "pg";
import type { DomainName } from "../../platform/config.ts";
import { domainUrls, type OwnedServer } from "../../scripts/prepare-database.ts";

const TEMPLATE = "waybill_template";

/** A database of a suite's own, migrated and seeded. */
export interface TestDatabase {
  readonly name: string;
  /** The connection strings of the domains' roles. */
  readonly urls: Record<DomainName, string>;
  /** The owner's connection string, for looking at everything. */
  readonly ownerUrl: string;
  /** Drops it. Fails when somebody is still connected: a leaked connection. */
  drop(): Promise<void>;
}

/** The run's PostgreSQL, as its owner. */
export function testServer(): OwnedServer {
  const base = process.env.TEST_POSTGRES_URL;
  const password = process.env.TEST_POSTGRES_PASSWORD;
  if (!base || !password) throw new Error("the test run's PostgreSQL is not there: see test/support/global-setup.ts");
  return {
    password,
    url(database) {
      const url = new URL(base);
      url.pathname = `/${database}`;
      return url.href;
    },
  };
}

/** Copies the template. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const owned = testServer();
  const name = `test_${randomBytes(6).toString("hex")}`;
  await asOwner("postgres", `create database ${name} template ${TEMPLATE} strategy file_copy`);
  return {
    name,
    urls: domainUrls(owned, name),
    ownerUrl: owned.url(name),
    async drop() {
      // A closed connection's backend lives on for a moment.
      for (let attempt = 1; ; attempt++) {
        try {
          await asOwner("postgres", `drop database ${name}`);
          return;
        } catch (error) {
          if (attempt === 20) throw error;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    },
  };
}

async function asOwner(database: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: testServer().url(database) });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
