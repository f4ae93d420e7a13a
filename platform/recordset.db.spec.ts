import fc from "fast-check";
import { createTestDatabase, type TestDatabase } from "../test/support/databases.ts";
import { Database, statement } from "./database.ts";
import { Recordset } from "./recordset.ts";

interface Row {
  readonly id?: string | undefined;
  readonly count: number;
  readonly more: unknown;
}

const ROWS = new Recordset<Row>("id text, count bigint, more jsonb");
const read = statement("test.rows", `select id, count, more from ${ROWS.from("r")}`);

let db: TestDatabase;
let database: Database;
beforeAll(async () => {
  db = await createTestDatabase();
  database = new Database(db.urls.orders, "orders", 1);
});
afterAll(async () => {
  await database.close();
  await db.drop();
});

test("what is handed over as a set comes out as it was", async () => {
  const id = fc
    .string({ minLength: 1 })
    .filter((text) => !["\u0000", "\u001e", "\u001f"].some((one) => text.includes(one)));
  const row = fc.record({
    id: fc.option(id),
    count: fc.maxSafeInteger(),
    // PostgreSQL's jsonb has no NUL, and numbers of its own; JSON has no negative zero.
    more: fc
      .jsonValue({ noUnicodeString: false })
      .map((value) => JSON.parse(JSON.stringify(value)))
      .filter((value) => !/\\u0000|e|-0|\\ud/i.test(JSON.stringify(value))),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
      const wanted = rows.map((one) => ({ id: one.id, count: one.count, more: one.more }));
      expect(await database.acrossTenants.query(read, ROWS.values(rows as Row[]))).toEqual(wanted);
    }),
    { numRuns: 200 },
  );
});

test("a text that looks like what stands between rows stays one value in JSON", async () => {
  const more = { text: "a\u001eb\u001fc", list: ["", null] };
  expect(await database.acrossTenants.query(read, ROWS.values([{ count: 1, more }]))).toEqual([
    { id: null, count: 1, more },
  ]);
});

test.each(["", "a\u001eb", "\u001f"])("as a text of its own %j is refused", (id) => {
  expect(() => ROWS.values([{ id, count: 1, more: {} }])).toThrow("id cannot be a value of a set");
});

test("null in JSON and no value are the same to the database", async () => {
  expect(await database.acrossTenants.query(read, ROWS.values([{ id: undefined, count: 1, more: null }]))).toEqual([
    { id: null, count: 1, more: null },
  ]);
});
