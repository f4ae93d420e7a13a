import pg from "pg";
import { Database } from "../../../platform/database.ts";
import { createTestDatabase, type TestDatabase } from "../../../test/support/databases.ts";
import { seedAuth } from "../fixtures.ts";
import { findEdgeRules, findOrigins } from "./edge-rules-repository.ts";

const NOW = "2026-11-21T12:00:00.000Z";

let db: TestDatabase;
let owner: pg.Client;
let database: Database;
beforeEach(async () => {
  db = await createTestDatabase();
  owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  database = new Database(db.urls.auth, "auth", 2);
  await seedAuth(database, NOW);
});
afterEach(async () => {
  await database.close();
  await owner.end();
  await db.drop();
});

test("what the edge lets a client do is its own and its tenant's", async () => {
  await owner.query(`update auth.clients set limits = '{"requests": 7}' where id = 'demo-shop'`);
  await owner.query(
    `update auth.tenants set limits = '{"requests": 9}', cors_origins = '{https://a.example}' where id = 'demo'`,
  );
  expect(await findEdgeRules(database, "demo-shop")).toEqual({
    limits: { requests: 7 },
    tenantLimits: { requests: 9 },
    origins: ["https://a.example"],
  });
  expect(await findEdgeRules(database, "nobody")).toBeUndefined();
});

test("the origins of all tenants are those of the active ones, each once", async () => {
  expect((await findOrigins(database)).sort()).toEqual(["http://localhost:5173", "http://localhost:5174"]);
  await owner.query("update auth.tenants set cors_origins = '{https://a.example,https://b.example}'");
  expect((await findOrigins(database)).sort()).toEqual(["https://a.example", "https://b.example"]);
  await owner.query("update auth.tenants set active = false");
  expect(await findOrigins(database)).toEqual([]);
});

test("demo clients from before there were limits get theirs at the next start, and keep what somebody has set", async () => {
  await owner.query("update auth.clients set limits = '{}' where id = 'demo-shop'");
  await owner.query("update auth.tenants set limits = '{}', cors_origins = '{}' where id = 'acme'");
  await owner.query(`update auth.clients set limits = '{"requests": 7}' where id = 'acme-shop'`);
  const { rows: before } = await owner.query("select secret_hash from auth.clients where id = 'demo-shop'");
  await seedAuth(database, NOW);
  expect((await findEdgeRules(database, "demo-shop"))?.limits.requests).toBeGreaterThan(1_000_000);
  const acme = await findEdgeRules(database, "acme-shop");
  expect([acme?.limits, acme?.origins]).toEqual([{ requests: 7 }, ["http://localhost:5174"]]);
  const { rows: after } = await owner.query("select secret_hash from auth.clients where id = 'demo-shop'");
  expect(after).toEqual(before);
});
