import { Database, statement } from "../../platform/database.ts";
import { EventLog } from "../../platform/event-log.ts";
import { newId } from "../../platform/ids.ts";
import type { Ctx } from "../../platform/service.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/databases.ts";
import type { PaymentProvider } from "./providers/provider.ts";
import { SandboxProvider } from "./providers/sandbox.ts";
import { listPayments, paymentChanges } from "./repository.ts";
import { carryOut, type PaymentRequest } from "./shared/carry-out.ts";

jest.setTimeout(60_000);

const tenant = "demo";
const clock = { now: () => new Date().toISOString() };
const silent = { warn: () => {} };
const booked = statement(
  "test.booked",
  "select type, status, amount from sandbox_movements where authorisation = $1 order by status, amount",
);

let db: TestDatabase;
let database: Database;
let bank: PaymentProvider;
let ctx: Ctx;
beforeEach(async () => {
  db = await createTestDatabase();
  database = new Database(db.urls.payments, "payments", 10);
  bank = new SandboxProvider({ database, clock });
  const service = { database, clock, log: new EventLog("payments", database) };
  ctx = { service, meta: {}, requestID: newId() } as unknown as Ctx;
});
afterEach(async () => {
  await database.close();
  await db.drop();
});

const authorise = (orderId: string, amount = 100, operationId = `${orderId}:authorise`): PaymentRequest => {
  const command = { type: "AUTHORISE" as const, operationId, amount, currency: "EUR" };
  return { tenant, orderId, token: "pm_card_visa", command };
};
const capture = (orderId: string, amount: number, operationId: string): PaymentRequest => ({
  ...{ tenant, orderId, command: { type: "CAPTURE", operationId, amount } },
});
const voidOf = (orderId: string): PaymentRequest => ({
  ...{ tenant, orderId, command: { type: "VOID", operationId: `${orderId}:void` } },
});
const run = (requests: readonly PaymentRequest[], provider = bank, unseen?: "mostly new") =>
  carryOut(provider, requests, paymentChanges(ctx, unseen), silent);
const paymentOf = async (orderId: string) => {
  const payments = await listPayments(database, tenant, orderId, undefined, 10);
  expect(payments.length).toBeLessThanOrEqual(1);
  return payments[0];
};

test("of many who authorise one order's payment at once all are answered with the one", async () => {
  const orderId = newId();
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, n) => run([authorise(orderId, 100, `${orderId}:${n}`)], bank, "mostly new")),
  );
  const payment = await paymentOf(orderId);
  expect(new Set(answers.map(([changed]) => changed?.payment.id))).toEqual(new Set([payment?.id]));
  expect(payment).toMatchObject({ status: "AUTHORISED", authorised: { amount: 100 } });
  expect(payment?.entries.map(({ type }) => type)).toEqual(["AUTHORISED"]);
  const [again] = await run([authorise(orderId)], bank, "mostly new");
  expect(again?.payment).toMatchObject({ id: payment?.id, token: null, state: { status: "AUTHORISED" } });
});

test("captures that come at once take no more than is authorised, at the bank as well", async () => {
  const orderId = newId();
  await run([authorise(orderId)]);
  await Promise.all(Array.from({ length: 6 }, (_, n) => run([capture(orderId, 40, `${orderId}:c${n}`)])));
  const payment = await paymentOf(orderId);
  expect(payment).toMatchObject({ status: "CAPTURED", captured: { amount: 80 } });
  const movements = await database.acrossTenants.query<{ amount: number }>(booked, [`${orderId}:authorise`]);
  expect(movements).toEqual([
    { type: "CAPTURE", status: "DONE", amount: 40 },
    { type: "CAPTURE", status: "DONE", amount: 40 },
  ]);
});

test("one capture asked by many at once, and again, is booked once", async () => {
  const orderId = newId();
  await run([authorise(orderId)]);
  await Promise.all(Array.from({ length: 6 }, () => run([capture(orderId, 100, `${orderId}:c`)])));
  const asked = { operationId: `${orderId}:c`, authorisation: `${orderId}:authorise`, amount: 100, currency: "EUR" };
  expect(await bank.capture(asked)).toEqual({ status: "CAPTURED" });
  expect(await database.acrossTenants.query(booked, [`${orderId}:authorise`])).toHaveLength(1);
  expect(await paymentOf(orderId)).toMatchObject({ captured: { amount: 100 } });
});

test("a void and an authorisation that race end with nothing held, or with the authorisation voided", async () => {
  const orders = Array.from({ length: 10 }, () => newId());
  await Promise.all(orders.flatMap((id) => [run([authorise(id)], bank, "mostly new"), run([voidOf(id)])]));
  for (const [changed] of await Promise.all(orders.map((id) => run([voidOf(id)])))) {
    expect(["VOIDED", "NONE"]).toContain(changed?.payment.state.status);
    expect(changed?.payment.state.voidRequested).toBe(true);
  }
});

test("an intent that was committed is found after a crash, with its token, and its outcome looked up", async () => {
  const orderId = newId();
  const killed = { ...bank, name: "killed", authorise: () => Promise.reject(new Error("killed")) };
  const dying = { ...killed, lookup: () => Promise.reject(new Error("killed")) } as unknown as PaymentProvider;
  await run([authorise(orderId)], dying);
  expect(await paymentOf(orderId)).toMatchObject({ status: "UNKNOWN", entries: [] });
  const [found] = await run([authorise(orderId)]);
  expect(found?.before.operations).toMatchObject([{ operationId: `${orderId}:authorise`, state: "PENDING" }]);
  expect(await paymentOf(orderId)).toMatchObject({ status: "AUTHORISED" });
});

test("what a provider says may be anything", async () => {
  const orderId = newId();
  const code = 'do "not"\u001e{honour}';
  const odd = { name: "odd", authorise: async () => ({ status: "DECLINED", code }) } as unknown as PaymentProvider;
  await run([authorise(orderId)], odd);
  expect(await paymentOf(orderId)).toMatchObject({ status: "DECLINED", declineCode: code });
  const [again] = await run([authorise(orderId)], odd);
  expect(again?.payment.state.operations).toMatchObject([{ state: "REFUSED", code }]);
});
