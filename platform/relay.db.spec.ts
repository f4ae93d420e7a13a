import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../test/support/databases.ts";
import { eventually } from "../test/support/waiting.ts";
import { systemClock } from "./clock.ts";
import { Database } from "./database.ts";
import { EventLog, type NewEvent } from "./event-log.ts";
import { newId } from "./ids.ts";
import { Relay } from "./relay.ts";

jest.setTimeout(30_000);

let db: TestDatabase;
let owner: pg.Client;
let database: Database;
let relay: Relay;
const published: number[] = [];
/** Lets the relay go on; undefined while it does not give way. */
let goOn: (() => void) | undefined;

beforeAll(async () => {
  db = await createTestDatabase();
  owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  database = new Database(db.urls.delivery, "delivery", 2);
  relay = new Relay({
    domain: "delivery",
    owner: "test",
    database,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    leaseMs: 10_000,
    pollMs: 20,
    publish: async (upTo) => void published.push(upTo),
    giveWay: (_took, signal) =>
      new Promise((resolve) => {
        goOn = resolve;
        signal.addEventListener("abort", () => resolve());
      }),
  });
});
afterAll(async () => {
  await database.close();
  await owner.end();
  await db.drop();
});

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

test("a relay that gives way numbers all at once that came meanwhile, and a stop waits for no pause", async () => {
  const log = new EventLog("delivery", database);
  log.onAppended = () => relay.wake();
  const append = () => database.transaction("demo", async (tx) => log.append(tx, [eventOf(newId())]));
  relay.start();
  await eventually("it has announced the empty log and gives way", () => goOn !== undefined);
  expect(published).toEqual([0]);
  for (let n = 0; n < 5; n++) await append();
  expect(published).toEqual([0]);
  const resume = goOn as () => void;
  goOn = undefined;
  resume();
  await eventually("it gives way again", () => goOn !== undefined);
  expect(published).toEqual([0, 5]);
  await relay.stop();
});
