import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../../test/support/databases.ts";

const BEFORE = [
  "ORDER_PLACED",
  "ORDER_CONFIRMED",
  "ORDER_SHIPPED",
  "ORDER_DELIVERED",
  "ORDER_CANCELLED",
  "PAYMENT_DECLINED",
];

let db: TestDatabase;
let owner: pg.Client;
beforeEach(async () => {
  db = await createTestDatabase();
  owner = new pg.Client({ connectionString: db.ownerUrl, options: "-c search_path=notifications" });
  await owner.connect();
});
afterEach(async () => {
  await owner.end();
  await db.drop();
});

test("005 takes whoever has ended all mail not to want that about refunds, and nobody else", async () => {
  const id = (n: number) => `00000000-0000-7000-8000-00000000000${n}`;
  const says = (customer: string, types: readonly string[], medium = "email", enabled = false) =>
    owner.query(
      "insert into preferences (tenant, customer, type, medium, enabled) select 'demo', $1, unnest($2::text[]), $3, $4",
      [customer, types, medium, enabled],
    );
  await says(id(1), BEFORE);
  await says(id(2), BEFORE.slice(1));
  await says(id(3), BEFORE, "sms");
  await says(id(4), BEFORE, "email", true);
  await owner.query(await readFile(join(import.meta.dirname, "migrations/005-refunds.sql"), "utf8"));
  const { rows } = await owner.query(
    "select tenant, customer, medium, enabled from preferences where type = 'ORDER_REFUNDED'",
  );
  expect(rows).toEqual([{ tenant: "demo", customer: id(1), medium: "email", enabled: false }]);
});
