import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../../test/support/databases.ts";

let db: TestDatabase;
let owner: pg.Client;
beforeEach(async () => {
  db = await createTestDatabase();
  owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  await owner.query("create schema before; set search_path = before");
  for (const name of ["001-payments", "002-sandbox-bank"]) await migrate(name);
});
afterEach(async () => {
  await owner.end();
  await db.drop();
});

async function migrate(name: string): Promise<void> {
  await owner.query(await readFile(join(import.meta.dirname, `migrations/${name}.sql`), "utf8"));
}

test("003 takes over what is settled, and what the provider was asked and has not answered", async () => {
  const at = "2026-11-21T10:00:00Z";
  const id = (n: number) => `00000000-0000-7000-8000-00000000000${n}`;
  await owner.query(
    `insert into payments (id, tenant, order_id, status, amount, currency, authorised, created_at, updated_at)
     values ($1, 'demo', $3, 'AUTHORISED', 100, 'EUR', 100, $5, $5), ($2, 'demo', $4, 'PENDING', 50, 'EUR', 0, $5, $5)`,
    [id(1), id(2), id(3), id(4), at],
  );
  await owner.query(
    `insert into entries (id, payment_id, tenant, operation_id, type, amount, state, code, created_at, settled_at) values
     ($1, $5, 'demo', 'a', 'AUTHORISE', 100, 'DONE', null, $7, $7), ($2, $5, 'demo', 'c', 'CAPTURE', 60, 'REFUSED', 'no', $7, $7),
     ($3, $5, 'demo', 'd', 'CAPTURE', 40, 'PENDING', null, $7, null), ($4, $6, 'demo', 'b', 'AUTHORISE', 50, 'PENDING', null, $7, null)`,
    [id(5), id(6), id(7), id(8), id(1), id(2), at],
  );
  await migrate("003-revisions");
  const { rows } = await owner.query("select order_id, revision, pending from payments order by id");
  expect(rows).toEqual([
    { order_id: id(3), revision: 1, pending: [{ operationId: "d", type: "CAPTURE", amount: 40 }] },
    { order_id: id(4), revision: 1, pending: [{ operationId: "b", type: "AUTHORISE", amount: 50 }] },
  ]);
  const { rows: settled } = await owner.query("select operation_id, state, code from entries order by operation_id");
  expect(settled).toEqual([
    { operation_id: "a", state: "DONE", code: null },
    { operation_id: "c", state: "REFUSED", code: "no" },
  ]);
  const twin =
    "insert into payments (id, tenant, order_id, revision, created_at, updated_at) values ($1, 'demo', $2, 1, $3, $3)";
  await expect(owner.query(twin, [id(9), id(3), at])).rejects.toThrow("payments_pkey");
});
