import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../test/support/databases.ts";
import { systemClock } from "./clock.ts";
import { Database } from "./database.ts";
import { forgetOldKeys } from "./idempotency.ts";
import type { DomainService } from "./service.ts";

let db: TestDatabase;
let owner: pg.Client;
let database: Database;
beforeAll(async () => {
  db = await createTestDatabase();
  owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  database = new Database(db.urls.orders, "orders", 1);
});
afterAll(async () => {
  await database.close();
  await owner.end();
  await db.drop();
});

test("keys are forgotten after two days, however many there are, and no other", async () => {
  await owner.query(
    `insert into orders.idempotency_keys (tenant, client, route, key, fingerprint, created_at)
     select 'demo', 'shop', 'POST /orders', i, 'f', now() - case when i <= 2500 then interval '49 hours' else interval '47 hours' end
     from generate_series(1, 2510) i`,
  );
  const service = { database, clock: systemClock } as unknown as DomainService;
  const said = [await forgetOldKeys(service), await forgetOldKeys(service), await forgetOldKeys(service)];
  expect(said).toEqual([0, 0, undefined]);
  const { rows } = await owner.query(
    "select count(*)::int as count, min(key::int) as first from orders.idempotency_keys",
  );
  expect(rows).toEqual([{ count: 10, first: 2501 }]);
});
