import pg from "pg";
import { Database, isConnectionLoss, statement } from "../../platform/database.ts";
import { prepareDatabase } from "../../scripts/prepare-database.ts";
import { type Client, orderBody } from "../support/client.ts";
import { createTestDatabase, testServer } from "../support/databases.ts";
import { onHand } from "../support/oracle.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { expectSound } from "../support/sound.ts";
import { eventually, pause } from "../support/waiting.ts";

// A step whose answer could not be written is tried again within the minute for which it was taken.
jest.setTimeout(240_000);

const one = statement("test.one", "select 1 as one");

describe("a database that goes away", () => {
  test("between two statements of a transaction fails that transaction alone", async () => {
    const db = await createTestDatabase();
    const owner = new pg.Client({ connectionString: db.ownerUrl });
    await owner.connect();
    const database = new Database(db.urls.orders, "orders", 2);
    const broken = database.transaction("*", async (tx) => {
      await tx.query(one);
      await owner.query(
        // Of this database alone: other suites use the server at the same time.
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'waybill orders'`,
      );
      await pause(50);
      await tx.query(one);
    });
    await expect(broken).rejects.toMatchObject({ type: "UNAVAILABLE" });
    await expect(database.transaction("*", (tx) => tx.query(one))).resolves.toEqual([{ one: 1 }]);
    await database.close();
    await owner.end();
    await db.drop();
  });

  test("is told from errors that only speak like it", () => {
    expect(isConnectionLoss(new SyntaxError("Unterminated string in JSON at position 3"))).toBe(false);
    expect(isConnectionLoss(new Error("demo/TERMINATOR-DVD would have 3 of 2 reserved"))).toBe(false);
    expect(
      isConnectionLoss(
        Object.assign(new Error("terminating connection due to administrator command"), { code: "57P01" }),
      ),
    ).toBe(true);
    expect(isConnectionLoss(new Error("Connection terminated unexpectedly"))).toBe(true);
  });
});

describe("a start that was killed after the last migration", () => {
  test("gives the roles their rights the next time", async () => {
    const db = await createTestDatabase();
    const owner = new pg.Client({ connectionString: db.ownerUrl });
    await owner.connect();
    await owner.query(
      ["waybill_orders", "waybill_orders_all"]
        .map(
          (role) => `revoke all on schema orders from ${role}; revoke all on all tables in schema orders from ${role}`,
        )
        .join(";"),
    );
    await prepareDatabase(testServer(), db.name);
    const database = new Database(db.urls.orders, "orders", 1);
    const head = statement("test.head", "select sequence from event_log_head");
    for (const queries of [database.acrossTenants, database.of("demo")])
      await expect(queries.query(head)).resolves.toHaveLength(1);
    await database.close();
    await owner.end();
    await db.drop();
  });
});

describe("the platform under faults", () => {
  let platform: TestPlatform;
  let shop: Client;
  let initial: Map<string, number>;
  beforeEach(async () => {
    platform = await startPlatform();
    shop = await platform.client("demo-shop");
    initial = await onHand(platform.owner);
  });
  afterEach(async () => {
    await platform.stop();
  });

  const order = async (id: string) => (await shop.get(`/api/v1/orders/${id}`)).body;

  test("every connection cut again and again under load: what was accepted is delivered, once", async () => {
    const accepted: { id: string; number: string; key: string }[] = [];
    const cut = (async () => {
      for (let i = 0; i < 10; i++) {
        await pause(300);
        await platform.owner.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'waybill %'",
        );
      }
    })();
    await Promise.all(
      Array.from({ length: 8 }, async (_, worker) => {
        for (let i = 0; i < 30; i++) {
          const key = `cut-${worker}-${i}`;
          for (;;) {
            const answer = await shop.post("/api/v1/orders", orderBody(), key);
            if (answer.status === 201) {
              accepted.push({ id: answer.body.id, number: answer.body.number, key });
              break;
            }
            expect(answer.status).toBe(503);
            await pause(20);
          }
        }
      }),
    );
    await cut;
    await eventually(
      "all are delivered and paid",
      async () => {
        const { rows } = await platform.owner.query(
          "select count(*)::int from orders.orders where status = 'DELIVERED' and state -> 'payment' ->> 'status' = 'CAPTURED'",
        );
        return rows[0].count === accepted.length;
      },
      150_000,
    );
    // A process row of a step that was in trouble goes with the step.
    await expectSound(platform.owner, accepted, initial, 60_000);
  });

  test("an order whose next step nobody asks for any more is taken in and brought to its end", async () => {
    const id = (await shop.post("/api/v1/orders", orderBody(), "forgotten")).body.id;
    await eventually("it is paid", async () => (await order(id)).payment.status === "CAPTURED");
    // As after a discarded dead letter: the capture was never asked for, long ago.
    await platform.owner.query(
      `update orders.orders set updated_at = now() - interval '1 hour', deadline_at = now() - interval '58 minutes',
         state = jsonb_set(jsonb_set(state, '{payment,status}', '"AUTHORISED"'), '{payment,captured}', '0') where id = $1`,
      [id],
    );
    await eventually(
      "it is captured again, under the same operation",
      async () => (await order(id)).payment.status === "CAPTURED",
    );
    const { rows } = await platform.owner.query("select count(*)::int from payments.entries where type = 'CAPTURE'");
    expect(rows[0].count).toBe(1);
    await eventually("its trouble is over", async () => {
      const { rows: left } = await platform.owner.query("select count(*)::int from orders.processes");
      return left[0].count === 0;
    });
  });
});
