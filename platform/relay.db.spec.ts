import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../test/support/databases.ts";
import { eventually } from "../test/support/waiting.ts";
import { systemClock } from "./clock.ts";
import { Database } from "./database.ts";
import { EventLog, type NewEvent } from "./event-log.ts";
import { newId } from "./ids.ts";
import { Relay, type RelayOptions } from "./relay.ts";

jest.setTimeout(30_000);

let db: TestDatabase;
let owner: pg.Client;
let database: Database;
const published: number[] = [];
/** Lets the relay go on; undefined while it does not give way. */
let goOn: (() => void) | undefined;

beforeAll(async () => {
  db = await createTestDatabase();
  owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  database = new Database(db.urls.delivery, "delivery", 2);
});
beforeEach(() => {
  published.length = 0;
});
afterAll(async () => {
  await database.close();
  await owner.end();
  await db.drop();
});

function newRelay(options: Partial<RelayOptions>): Relay {
  return new Relay({
    domain: "delivery",
    owner: newId(),
    database,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    leaseMs: 10_000,
    pollMs: 20,
    publish: async (upTo) => void published.push(upTo),
    ...options,
  });
}

function eventOf(stream: string): NewEvent {
  const at = systemClock.now();
  return {
    stream,
    version: 1,
    type: "delivery.shipped.v1",
    tenant: "demo",
    data: {} as never,
    meta: { actor: "test" },
    at,
  };
}

/** Appends events to the log, each committed by itself, and wakes the relay for each. */
async function append(relay: Relay, count: number): Promise<void> {
  const log = new EventLog("delivery", database);
  log.onAppended = () => relay.wake();
  for (let n = 0; n < count; n++) await database.transaction("demo", async (tx) => log.append(tx, [eventOf(newId())]));
}

test("a relay that gives way numbers all at once that came meanwhile, and a stop waits for no pause", async () => {
  const relay = newRelay({
    giveWay: (_took, signal) =>
      new Promise((resolve) => {
        goOn = resolve;
        signal.addEventListener("abort", () => resolve());
      }),
  });
  relay.start();
  await eventually("it has announced the empty log and gives way", () => goOn !== undefined);
  expect(published).toEqual([0]);
  await append(relay, 5);
  expect(published).toEqual([0]);
  const resume = goOn as () => void;
  goOn = undefined;
  resume();
  await eventually("it gives way again", () => goOn !== undefined);
  expect(published).toEqual([0, 5]);
  await relay.stop();
});

test("a relay that lingers numbers at once what has gathered, and a stop does not wait for it", async () => {
  const relay = newRelay({ lingerMs: 2_000 });
  relay.start();
  await eventually("it has announced the log as it is", () => published.length > 0);
  const [head] = published as [number];
  await append(relay, 5);
  await eventually("it has announced what was appended", () => published.length > 1);
  expect(published).toEqual([head, head + 5]);
  await append(relay, 1);
  await relay.stop();
  expect(published).toEqual([head, head + 5]);
});
