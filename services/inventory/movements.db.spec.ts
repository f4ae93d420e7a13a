import { Database, statement, type Tx } from "../../platform/database.ts";
import { EventLog } from "../../platform/event-log.ts";
import { newId } from "../../platform/ids.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/databases.ts";
import { endHolds, type HeldOrder, holdAll, moveStock } from "./movement-repository.ts";
import { createStock, findStock, lockStockOf } from "./repository.ts";
import { movementsOf, type ReservationRow } from "./reservation.ts";
import { endReservations, findByReference, insertReservations } from "./reservation-repository.ts";
import { allocate, type Cause } from "./stock.ts";

jest.setTimeout(60_000);

const tenant = "demo";
const at = "2026-11-21T10:00:00.000Z";
const cause: Cause = { actor: "shop", correlationId: newId(), at };
const written = statement(
  "test.written",
  `select (select count(*)::int from reservations) as reservations,
     (select count(*)::int from stock_transactions where type <> 'SET') as entries`,
);
const sums = statement(
  "test.sums",
  `select sum(reserved_change)::int as reserved, sum(on_hand_change)::int as "onHand" from stock_transactions where sku = $1`,
);

let db: TestDatabase;
let database: Database;
let log: EventLog;
beforeEach(async () => {
  db = await createTestDatabase();
  database = new Database(db.urls.inventory, "inventory", 10);
  log = new EventLog("inventory", database);
});
afterEach(async () => {
  await database.close();
  await db.drop();
});

const order = (lines: Record<string, number>): HeldOrder => ({
  tenant,
  reference: newId(),
  lines: Object.entries(lines).map(([sku, quantity]) => ({ sku, quantity })),
});
const stockOf = (sku: string, onHand: number) =>
  database.transaction(tenant, (tx) => createStock(tx, { tenant, sku }, onHand, cause));
const movements = (orders: readonly HeldOrder[]) => orders.flatMap((one) => movementsOf("RESERVED", one, "shop"));
const hold = (...orders: readonly HeldOrder[]) => holdAll(database, orders, movements(orders), at);
const held = (one: HeldOrder): ReservationRow => ({ ...one, kind: "order", status: "HELD", expiresAt: null });

test("a set of orders is held in one go", async () => {
  await stockOf("A", 20);
  await stockOf("B", 20);
  const orders = [order({ B: 2, A: 1 }), order({ A: 3 })];
  expect(await hold(...orders)).toBe(true);
  expect(await findStock(database, { tenant, sku: "A" })).toMatchObject({ onHand: 20, reserved: 4, version: 2 });
  expect(await findStock(database, { tenant, sku: "B" })).toMatchObject({ onHand: 20, reserved: 2, version: 2 });
  expect(await database.acrossTenants.query(written)).toEqual([{ reservations: 2, entries: 3 }]);
});

test("nothing is held where one is short, would become low, is unknown or has its reservation", async () => {
  await stockOf("A", 20);
  await stockOf("B", 6);
  const [first, second] = [order({ A: 1 }), order({ A: 1 })];
  await hold(first);
  const before = await database.acrossTenants.query(written);
  expect(await hold(second, order({ A: 20 }))).toBe(false);
  expect(await hold(second, order({ B: 2 }))).toBe(false);
  expect(await hold(second, order({ nowhere: 1 }))).toBe(false);
  expect(await hold(second, first)).toBe(false);
  expect(await database.acrossTenants.query(written)).toEqual(before);
  expect(await findStock(database, { tenant, sku: "A" })).toMatchObject({ reserved: 1, version: 2 });
});

test("what is low already can be held down to the last piece", async () => {
  await stockOf("A", 3);
  expect(await hold(order({ A: 3 }))).toBe(true);
  expect(await hold(order({ A: 1 }))).toBe(false);
});

test("many at a time, by either way and in any order of lines, neither oversell nor lose a piece", async () => {
  const onHand = 60;
  await stockOf("A", onHand);
  await stockOf("B", 1_000);
  const underLock = (one: HeldOrder) =>
    database.transaction(tenant, async (tx) => {
      const stocks = await lockStockOf(tx, [one]);
      const granted = allocate(stocks, [one])[0]?.granted === true;
      if (!granted) return false;
      moveStock(tx, log, stocks, movements([one]), cause);
      await insertReservations(tx, [held(one)], at);
      return true;
    });
  const outcomes = await Promise.all(
    Array.from({ length: 120 }, async (_, n) => {
      const one = n % 2 ? order({ A: 1, B: 1 }) : order({ B: 1, A: 1 });
      const isHeld = n % 3 ? (await hold(one)) || (await underLock(one)) : await underLock(one);
      if (!isHeld || n % 4) return isHeld ? 1 : 0;
      await database.transaction(tenant, async (tx) => {
        await endReservations(tx, "order", [one], "RELEASED");
        endHolds(tx, movementsOf("RELEASED", one, "shop"), at);
      });
      return 0;
    }),
  );
  const kept = outcomes.reduce<number>((sum, pieces) => sum + pieces, 0);
  const stock = await findStock(database, { tenant, sku: "A" });
  expect(stock).toMatchObject({ onHand, reserved: kept });
  expect(kept).toBeLessThanOrEqual(onHand);
  expect(await database.acrossTenants.query(sums, ["A"])).toEqual([{ reserved: kept, onHand }]);
});

test("a hold ends once, whoever comes first", async () => {
  await stockOf("A", 20);
  const one = order({ A: 2 });
  await hold(one);
  const end = (status: "RELEASED" | "COMMITTED") =>
    database.transaction(tenant, async (tx) => {
      const ended = await endReservations(tx, "order", [one], status);
      endHolds(
        tx,
        [...ended.held.values()].flatMap((hold) => movementsOf(status, hold, "shop")),
        at,
      );
      return ended.held.size;
    });
  const ended = await Promise.all([end("COMMITTED"), end("RELEASED"), end("COMMITTED"), end("RELEASED")]);
  expect(ended.toSorted()).toEqual([0, 0, 0, 1]);
  expect(await findStock(database, { tenant, sku: "A" })).toMatchObject({ reserved: 0 });
});

test("a hold that is made while it is being ended is ended", async () => {
  await stockOf("A", 20);
  const one = order({ A: 2 });
  let attempts = 0;
  await database.transaction(tenant, async (tx) => {
    attempts++;
    const meanwhile: Tx["query"] = async (asked, values) => {
      const rows = await tx.query<never>(asked, values);
      if (attempts === 1 && asked.name === "reservations.end") expect(await hold(one)).toBe(true);
      return rows;
    };
    const { held: ended } = await endReservations({ ...tx, query: meanwhile }, "order", [one], "RELEASED");
    expect([...ended.keys()]).toEqual([`${tenant}/${one.reference}`]);
  });
  expect(attempts).toBe(2);
});

test("the end of a hold on stock that is not there, or of more than is held, is refused", async () => {
  await stockOf("A", 20);
  const end = (sku: string) =>
    database.transaction(tenant, async (tx) => endHolds(tx, movementsOf("COMMITTED", order({ [sku]: 1 }), "shop"), at));
  await expect(end("nowhere")).rejects.toThrow("moves stock that is not there");
  await expect(end("A")).rejects.toThrow("violates check constraint");
  expect(await database.acrossTenants.query(written)).toEqual([{ reservations: 0, entries: 0 }]);
});

test("a client's reference may be anything", async () => {
  await stockOf("A", 20);
  for (const reference of ["null", 'a "quoted" one', "\u001e\u001f", "{},\\", " "]) {
    const lines = [{ sku: "A", quantity: 1 }];
    const row: ReservationRow = { tenant, reference, kind: "direct", status: "HELD", lines, expiresAt: null };
    await database.transaction(tenant, (tx) => insertReservations(tx, [row], at));
    const ended = await database.transaction(tenant, (tx) => endReservations(tx, "direct", [row], "RELEASED"));
    expect([...ended.held.values()]).toEqual([{ tenant, reference, lines }]);
    const found = await database.transaction(tenant, (tx) => findByReference(tx, row));
    expect(found).toEqual([{ ...row, status: "RELEASED" }]);
  }
});
