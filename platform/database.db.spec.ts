import { createTestDatabase, type TestDatabase } from "../test/support/databases.ts";
import { TcpProxy } from "../test/support/tcp-proxy.ts";
import { Database, statement } from "./database.ts";
import { Problem } from "./errors.ts";

jest.setTimeout(60_000);

const one = statement("test.one", "select 1 as one");
const lock = statement("test.lock", "lock table orders.orders");
const atWork = statement("test.at_work", "select pg_sleep(8)");
const pid = statement("test.pid", "select pg_backend_pid() as pid");

let db: TestDatabase;
let proxy: TcpProxy;
let database: Database;
beforeEach(async () => {
  db = await createTestDatabase();
  proxy = await TcpProxy.before(Number(new URL(db.urls.orders).port));
  database = new Database(TcpProxy.through(db.urls.orders, proxy.port), "orders", 1);
});
afterEach(async () => {
  await database.close();
  await proxy.stop();
  await db.drop();
});

const outcome = (work: Promise<unknown>) => work.catch((error: unknown) => error);

test("a connection that says nothing any more is given up, and its place in the pool is free again", async () => {
  await database.acrossTenants.query(one);
  proxy.mute();
  expect(await outcome(database.acrossTenants.query(one))).toMatchObject({ status: 503, details: { retryAfter: 2 } });
  expect(await database.acrossTenants.query(one)).toEqual([{ one: 1 }]);
});

test("a server that does not even say no is away", async () => {
  await proxy.set("silent");
  expect(await outcome(database.acrossTenants.query(one))).toMatchObject({ status: 503 });
  await proxy.set("there");
  expect(await database.acrossTenants.query(one)).toEqual([{ one: 1 }]);
});

test("when too many wait for a connection, the next one is refused at once, and those before it get theirs", async () => {
  const small = new Database(db.urls.orders, "orders", 1, 2);
  try {
    const results = await small.transaction("demo", async (tx) => {
      await tx.query(one);
      const waiting = [small.acrossTenants.query(one), small.transaction("demo", (next) => next.query(one))];
      const refused = await Promise.all([
        outcome(small.acrossTenants.query(one)),
        outcome(small.transaction("demo", async () => {})),
      ]);
      expect(refused).toEqual([
        expect.objectContaining({ type: "QUEUE_FULL" }),
        expect.objectContaining({ type: "QUEUE_FULL" }),
      ]);
      return { waiting };
    });
    expect(await Promise.all(results.waiting)).toEqual([[{ one: 1 }], [{ one: 1 }]]);
  } finally {
    await small.close();
  }
});

test("who waits too long for a lock is told that it is not available, and keeps the connection", async () => {
  const other = new Database(db.urls.orders, "orders", 1);
  const before = await database.acrossTenants.query(pid);
  try {
    const waited = await other.transaction("demo", async (tx) => {
      await tx.query(lock);
      // One that holds locks and does nothing is ended sooner.
      const [waited] = await Promise.all([
        outcome(database.transaction("demo", (waiting) => waiting.query(lock))),
        tx.query(atWork),
      ]);
      return waited;
    });
    expect([waited instanceof Problem, waited]).toEqual([true, expect.objectContaining({ status: 503 })]);
  } finally {
    await other.close();
  }
  expect(await database.acrossTenants.query(pid)).toEqual(before);
});

test("who holds a lock and falls silent loses it to the one who waits", async () => {
  const silent = new Database(TcpProxy.through(db.urls.orders, proxy.port), "orders", 1);
  const other = new Database(db.urls.orders, "orders", 1);
  try {
    const held = outcome(
      silent.transaction("demo", async (tx) => {
        await tx.query(lock);
        await proxy.set("silent");
        await other.transaction("demo", (waiting) => waiting.query(lock));
        await proxy.set("there");
        await tx.query(one);
      }),
    );
    expect(await held).toMatchObject({ status: 503 });
  } finally {
    await Promise.all([silent.close(), other.close()]);
  }
});

test("what is sent and fails is the failure of the transaction, which leaves nothing behind", async () => {
  const create = statement("test.create", "create table orders.left_behind ()");
  const wrong = statement("test.wrong", "select 1 / 0");
  const failed = await outcome(
    database.transaction("demo", async (tx) => {
      tx.send(lock);
      tx.send(wrong);
      tx.send(create);
      return "done";
    }),
  );
  expect(failed).toMatchObject({ code: "22012" });
  const late = await outcome(
    database.transaction("demo", async (tx) => {
      tx.send(wrong);
      // Fails because of what was sent before it.
      await tx.query(one);
    }),
  );
  expect(late).toMatchObject({ code: "22012" });
  expect(await database.acrossTenants.query(one)).toEqual([{ one: 1 }]);
});

test("a failure that is passed over does not pass for a commit", async () => {
  const wrong = statement("test.wrong", "select 1 / 0");
  const work = database.transaction("demo", async (tx) => {
    await tx.query(wrong).catch(() => {});
  });
  await expect(work).rejects.toThrow("was rolled back");
});

test("what is sent is done when the transaction is", async () => {
  const insert = statement(
    "test.insert",
    "insert into processes values (gen_random_uuid(), 'demo', 'n', 'stuck', 's', 1, 'e', now(), now())",
  );
  const count = statement("test.count", "select count(*)::int from processes");
  await database.transaction("demo", async (tx) => {
    for (let i = 0; i < 5; i++) tx.send(insert);
  });
  expect(await database.acrossTenants.query(count)).toEqual([{ count: 5 }]);
});
