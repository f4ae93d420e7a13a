import { ServiceBroker } from "moleculer";
import pg from "pg";
import { database } from "../../mixins/database.ts";
import { brokerOptions } from "../../moleculer.config.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/databases.ts";
import { eventually, pause } from "../../test/support/waiting.ts";
import { readConfig } from "../config.ts";
import { defineContract } from "../contracts.ts";
import { newId } from "../ids.ts";
import { object } from "../schema.ts";
import { type DomainService, defineSchema } from "../service.ts";
import { HandlerSet } from "./handler-set.ts";
import { ParkedRetries } from "./parked-retries.ts";
import type { EventHandler } from "./subscription.ts";

const HAPPENED = "matters.happened.v1";
defineContract({ domain: "matters", actions: {}, events: { [HAPPENED]: { data: object({}) } } });

let db: TestDatabase;
let owner: pg.Client;
let broker: ServiceBroker;
let running: ParkedRetries[];
/** What the handler does before its transaction; and the events that it has handled, by version. */
let onPrepare: () => void | Promise<void>;
let onHandle: () => void;
let handled: number[];

beforeEach(async () => {
  db = await createTestDatabase();
  owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  running = [];
  handled = [];
  onPrepare = () => {};
  onHandle = () => {};
  const config = {
    ...readConfig({ DATABASE_URL: "unused", LOG_LEVEL: "fatal", LOG_FORMAT: "json" }),
    databases: db.urls,
  };
  broker = new ServiceBroker(brokerOptions(config));
  broker.createService(defineSchema({ name: "notifications", mixins: [database("notifications")] }));
  await broker.start();
});

afterEach(async () => {
  await Promise.all(running.map((retries) => retries.stop()));
  await broker.stop();
  await owner.end();
  await db.drop();
});

function start(firstMs = 10): ParkedRetries {
  const handler = {
    types: [HAPPENED],
    prepare: async () => {
      await onPrepare();
      return "prepared";
    },
    handle: async (_tx: unknown, events: readonly { version: number }[], _ctx: unknown, prepared: unknown) => {
      onHandle();
      expect(prepared).toBe("prepared");
      handled.push(...events.map(({ version }) => version));
    },
  } as unknown as EventHandler;
  const service = broker.getLocalService("notifications") as unknown as DomainService;
  const policy = { attempts: 3, firstMs, longestMs: 2 * firstMs };
  const retries = new ParkedRetries(service, "matters", new HandlerSet([handler]), policy);
  running.push(retries);
  retries.start();
  return retries;
}

/** Parks a stream that is due, with some events. */
async function park(events: number): Promise<string> {
  const [id, stream] = [newId(), newId()];
  await owner.query(
    `insert into notifications.parked_streams (id, subscription, stream, tenant, state, attempts, error, due_at, parked_at)
     values ($1, 'matters', $2, 'demo', 'retrying', 1, 'Error: once', now(), now())`,
    [id, stream],
  );
  for (let i = 1; i <= events; i++) {
    const event = {
      ...{ id: newId(), sequence: i, partition: 0, stream, version: i, type: HAPPENED, tenant: "demo" },
      ...{ at: "2026-01-01T00:00:00.000Z", data: {}, meta: { actor: "test" } },
    };
    await owner.query("insert into notifications.parked_events values ($1, $2, $3)", [id, i, event]);
  }
  return id;
}

async function rows(): Promise<{ state: string; attempts: number; error: string }[]> {
  return (await owner.query("select state, attempts, error from notifications.parked_streams")).rows;
}

const nothingParked = () => eventually("nothing is parked", async () => (await rows()).length === 0);

test("a parked stream's events are handled one after the other, in order", async () => {
  await park(3);
  start();
  await nothingParked();
  expect(handled).toEqual([1, 2, 3]);
});

test("what asks other domains holds no lock, and what is decided meanwhile counts", async () => {
  const id = await park(2);
  let prepared = 0;
  onPrepare = async () => {
    if (++prepared > 1) return;
    // As an operator's discard does. With the stream locked this would be refused at once.
    await owner.query("select from notifications.parked_streams where id = $1 for update nowait", [id]);
    await owner.query("delete from notifications.parked_events where parked = $1 and sequence = 1", [id]);
  };
  start();
  await nothingParked();
  expect(handled).toEqual([2]);
  expect(prepared).toBe(2);
});

test("two nodes that try the same stream handle its events once", async () => {
  await park(5);
  onPrepare = () => pause(20);
  start();
  start();
  await nothingParked();
  expect(handled).toEqual([1, 2, 3, 4, 5]);
});

test("a failure is counted once, wherever it comes from, and the last one makes a dead letter", async () => {
  await park(1);
  onPrepare = async () => {
    await pause(5);
    throw new Error("nobody can prepare this");
  };
  start();
  start();
  await eventually("it is dead", async () => (await rows())[0]?.state === "dead");
  expect(await rows()).toEqual([{ state: "dead", attempts: 3, error: "Error: nobody can prepare this" }]);
  expect(handled).toEqual([]);
});

test("a failure of an event that was redriven meanwhile counts for nothing", async () => {
  const id = await park(1);
  let failures = 0;
  onPrepare = async () => {
    if (++failures > 1) return;
    await owner.query("update notifications.parked_streams set attempts = 0 where id = $1", [id]);
    throw new Error("this is old");
  };
  onHandle = () => {
    if (failures === 2) throw new Error("this is new");
  };
  start(60_000);
  await eventually("it was tried again", async () => (await rows())[0]?.error === "Error: this is new");
  expect((await rows())[0]?.attempts).toBe(1);
});

test("somebody who is away is waited for and not counted", async () => {
  await park(1);
  let tries = 0;
  onPrepare = () => {
    if (++tries < 2) throw Object.assign(new Error("away"), { code: 503 });
  };
  const retries = start();
  await eventually("it was tried", () => tries === 1);
  await eventually("it is tried again when it is woken", () => {
    retries.wake();
    return handled.length === 1;
  });
  await nothingParked();
});
