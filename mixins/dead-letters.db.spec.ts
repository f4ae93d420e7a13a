import { ServiceBroker } from "moleculer";
import pg from "pg";
import { brokerOptions } from "../moleculer.config.ts";
import { readConfig } from "../platform/config.ts";
import { defineContract } from "../platform/contracts.ts";
import { newId } from "../platform/ids.ts";
import { object } from "../platform/schema.ts";
import type { Identity, Meta } from "../platform/service.ts";
import { createTestDatabase, type TestDatabase } from "../test/support/databases.ts";
import { recorder } from "../test/support/recorder.ts";
import { database } from "./database.ts";
import { type DeadLetter, deadLetters } from "./dead-letters.ts";
import { subscriptions } from "./subscriptions.ts";

const HAPPENED = "things.happened.v1";
defineContract({ domain: "things", actions: {}, events: { [HAPPENED]: { data: object({}) } } });

const operator: Identity = { tenant: "demo", client: "demo-operator", scopes: ["admin"] };

let db: TestDatabase;
let owner: pg.Client;
let broker: ServiceBroker;
/** The events that the subscription's handler has seen, by id; it fails as long as it is told to. */
let handled: string[];
let failing: boolean;

beforeEach(async () => {
  db = await createTestDatabase();
  owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  handled = [];
  failing = false;
  const config = { ...readConfig({ DATABASE_URL: "unused", LOG_LEVEL: "fatal", POLL_MS: "50" }), databases: db.urls };
  broker = new ServiceBroker(brokerOptions(config));
  const onHappened = {
    types: [HAPPENED as never],
    handle: async (_: unknown, events: readonly { id: string }[]) => {
      if (failing) throw new Error("still wrong");
      handled.push(...events.map((event) => event.id));
    },
  };
  broker.createService({
    name: "notifications",
    mixins: [
      deadLetters("notifications"),
      subscriptions("notifications", [{ channel: "things", handlers: [onHappened] }]),
      database("notifications"),
    ],
  });
  broker.createService(recorder);
  // The log that is read is somebody else's; here it is empty.
  broker.createService({ name: "things", actions: { "log.read": () => [], "log.head": () => 0 } });
  await broker.start();
});

afterEach(async () => {
  await broker.stop();
  await owner.end();
  await db.drop();
});

/** Parks a stream as dead, with some events in it; answers the letter's id and the events'. */
async function park(events = 1, tenant = "demo"): Promise<{ id: string; events: string[] }> {
  const [id, stream] = [newId(), newId()];
  await owner.query(
    `insert into notifications.parked_streams (id, subscription, stream, tenant, state, attempts, error, due_at, parked_at)
     values ($1, 'things', $2, $3, 'dead', 10, 'Error: it was wrong', now(), now())`,
    [id, stream, tenant],
  );
  const ids: string[] = [];
  for (let i = 1; i <= events; i++) {
    const event = {
      id: newId(),
      sequence: i,
      partition: 0,
      stream,
      version: i,
      type: HAPPENED,
      tenant,
      at: "2026-01-01T00:00:00.000Z",
      data: {},
      meta: { actor: "test" },
    };
    ids.push(event.id);
    await owner.query("insert into notifications.parked_events (parked, sequence, event) values ($1, $2, $3)", [
      id,
      i,
      event,
    ]);
  }
  return { id, events: ids };
}

function ask<T>(action: string, params: object, meta: Meta = {}): Promise<T> {
  return broker.call(`notifications.deadLetters.${action}`, params, { meta: { identity: operator, ...meta } });
}

async function parked(): Promise<number> {
  return Number((await owner.query("select count(*) from notifications.parked_streams")).rows[0].count);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 4_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("dead letters are listed newest first, whole, and page by page", async () => {
  const [first, second, third] = [await park(), await park(3), await park()];
  await park(1, "acme");
  const letters = await ask<DeadLetter[]>("list", { limit: 2 });
  expect(letters.map(({ id }) => id)).toEqual([third.id, second.id]);
  expect(letters[1]).toMatchObject({
    domain: "notifications",
    channel: "things",
    error: "Error: it was wrong",
    attempts: 10,
    waiting: 2,
    event: { id: second.events[0], type: HAPPENED, version: 1 },
  });
  expect((await ask<DeadLetter[]>("list", { limit: 2, before: second.id })).map(({ id }) => id)).toEqual([first.id]);
  expect(await ask("get", { id: second.id })).toEqual(letters[1]);
});

test("a redriven event has its effect, and those behind it follow", async () => {
  const { id, events } = await park(3);
  expect(await ask("redrive", { id })).toEqual({ id, state: "retrying" });
  await until(() => handled.length === 3);
  expect(handled).toEqual(events);
  await until(async () => (await parked()) === 0);
});

test("a redriven event that fails again is tried again, from its first attempt on", async () => {
  const { id } = await park();
  failing = true;
  await ask("redrive", { id });
  await until(
    async () => (await owner.query("select attempts from notifications.parked_streams")).rows[0].attempts >= 1,
  );
  expect((await owner.query("select state from notifications.parked_streams")).rows).toEqual([{ state: "retrying" }]);
  expect(handled).toEqual([]);
});

test("a discarded event never has its effect, those behind it do", async () => {
  const { id, events } = await park(3);
  expect(await ask("discard", { id })).toEqual({ id, state: "discarded" });
  await until(() => handled.length === 2);
  expect(handled).toEqual(events.slice(1));
  await until(async () => (await parked()) === 0);
});

test("the last event of a stream lets it go", async () => {
  const { id } = await park();
  await ask("discard", { id });
  expect(await parked()).toBe(0);
});

test.each(["get", "redrive", "discard"])(
  "%s knows nothing of another tenant's, and nothing of what is not there",
  async (action) => {
    const { id } = await park(1, "acme");
    await expect(ask(action, { id })).rejects.toMatchObject({ type: "NOT_FOUND" });
    await expect(ask(action, { id: newId() })).rejects.toMatchObject({ type: "NOT_FOUND" });
    expect(await parked()).toBe(1);
  },
);

test("only operators may ask", async () => {
  const { id } = await park();
  const identity = { ...operator, scopes: ["orders:read"] };
  for (const action of ["get", "redrive", "discard"]) {
    await expect(ask(action, { id }, { identity })).rejects.toMatchObject({ type: "FORBIDDEN" });
  }
});

test("under an Idempotency-Key it is decided once", async () => {
  const { id } = await park();
  const key = { key: "k", route: "POST /x", fingerprint: "f", action: "notifications.deadLetters.discard" };
  expect(await ask("discard", { id }, { idempotency: key })).toEqual({ id, state: "discarded" });
  expect(await ask("discard", { id }, { idempotency: key })).toEqual({ id, state: "discarded" });
  await expect(ask("discard", { id }, { idempotency: { ...key, key: "another" } })).rejects.toMatchObject({
    type: "NOT_FOUND",
  });
});
