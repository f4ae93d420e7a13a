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
  await database.query(one);
  proxy.mute();
  expect(await outcome(database.query(one))).toMatchObject({ status: 503, details: { retryAfter: 2 } });
  expect(await database.query(one)).toEqual([{ one: 1 }]);
});

test("a server that does not even say no is away", async () => {
  await proxy.set("silent");
  expect(await outcome(database.query(one))).toMatchObject({ status: 503 });
  await proxy.set("there");
  expect(await database.query(one)).toEqual([{ one: 1 }]);
});

test("who waits too long for a lock is told that it is not available, and keeps the connection", async () => {
  const other = new Database(db.urls.orders, "orders", 1);
  const before = await database.query(pid);
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
  expect(await database.query(pid)).toEqual(before);
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
