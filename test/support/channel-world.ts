import { ServiceBroker } from "moleculer";
import pg from "pg";
import { database } from "../../mixins/database.ts";
import { deadLetters } from "../../mixins/dead-letters.ts";
import { eventLog } from "../../mixins/event-log.ts";
import { subscriptions } from "../../mixins/subscriptions.ts";
import { brokerOptions } from "../../moleculer.config.ts";
import { type Config, readConfig } from "../../platform/config.ts";
import { statement, type Tx } from "../../platform/database.ts";
import type { NewEvent, SequencedEvent } from "../../platform/event-log.ts";
import { newId } from "../../platform/ids.ts";
import { type DomainService, defineSchema } from "../../platform/service.ts";
import type { RetryPolicy } from "../../platform/subscriptions/retry-policy.ts";
import { on } from "../../platform/subscriptions/subscription.ts";
import "../../services/orders/contract.ts";
import { createTestDatabase, type TestDatabase } from "./databases.ts";
import { recorder } from "./recorder.ts";

type Delivered = SequencedEvent<"orders.delivered.v1">;

/** An effect of an event in the subscriber's own schema: a row, in the transaction of the cursor. */
export interface Effect {
  readonly number: number;
  readonly stream: string;
  readonly version: number;
  readonly sequence: number;
}

/** A node of the world: a broker that has the log, a subscription to it, or both. */
export interface Node {
  readonly broker: ServiceBroker;
  stop(): Promise<void>;
}

/** The simplest domains there can be: `orders` with a log, and `delivery` that writes a row for each event it reads. */
export interface World {
  readonly db: TestDatabase;
  /** The owner's own connection. */
  readonly owner: pg.Client;
  /** What the subscription does before it writes its row. Throwing makes the event fail. */
  onEvent: (event: Delivered, tx: Tx) => void | Promise<void>;
  /** Whether the subscription wants an event. */
  isWanted: (event: Delivered) => boolean;
  /** The sizes of the sets that were handed over. */
  readonly sets: number[];
  start(options?: {
    log?: boolean;
    subscriber?: boolean;
    config?: Partial<Config>;
    retries?: RetryPolicy;
    /** How long the subscription lets events gather, in ms. */
    lingerMs?: number;
  }): Promise<Node>;
  /** Appends one event for each of the streams, in one transaction. `during` runs before the commit. */
  append(node: Node, streams: readonly string[], during?: (tx: Tx) => Promise<void>): Promise<void>;
  effects(): Promise<Effect[]>;
  end(): Promise<void>;
}

const insertEffect = statement(
  "test.insert_effects",
  `insert into effects (stream, version, sequence) select e.stream, e.version, e.sequence
   from json_to_recordset($1) as e(stream uuid, version int, sequence bigint) order by e.sequence`,
);
const lastVersion = statement(
  "test.last_version",
  "select coalesce(max(version), 0) as version from event_log where stream = $1",
);

/** Makes a world on a database of its own, for a channel adapter. */
export async function makeWorld(makeAdapter: (config: Config) => object): Promise<World> {
  const db = await createTestDatabase();
  const owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  // No unique key on the event: an effect that happens twice must show, not fail.
  await owner.query(`create table delivery.effects (
      number bigint generated always as identity, stream uuid not null, version int not null, sequence bigint not null);
    grant insert on delivery.effects to waybill_delivery_all`);
  const running = new Set<Node>();
  const world: World = {
    db,
    owner,
    onEvent: () => {},
    isWanted: () => true,
    sets: [],
    async start({ log = true, subscriber = true, config: overrides, retries, lingerMs = 0 } = {}) {
      const base = readConfig({
        DATABASE_URL: "unused",
        POLL_MS: "50",
        LOG_LEVEL: "fatal",
        LOG_FORMAT: "json",
        RELAY_LEASE_MS: "1000",
      });
      const config: Config = { ...base, databases: db.urls, ...overrides };
      const broker = new ServiceBroker({ ...brokerOptions(config, makeAdapter(config)), nodeID: `node-${newId()}` });
      broker.createService(recorder);
      if (log) broker.createService(defineSchema({ name: "orders", mixins: [eventLog("orders"), database("orders")] }));
      if (subscriber) {
        const handler = on("orders.delivered.v1", async (tx, events) => {
          world.sets.push(events.length);
          for (const event of events) await world.onEvent(event, tx);
          await tx.query(insertEffect, [JSON.stringify(events)]);
        });
        const wanted = async (_: unknown, events: readonly Delivered[]) => events.filter(world.isWanted);
        const handlers = [{ ...handler, wanted }];
        const reading = subscriptions("delivery", [{ channel: "orders", lingerMs, handlers }], retries);
        broker.createService(
          defineSchema({ name: "delivery", mixins: [reading, deadLetters("delivery"), database("delivery")] }),
        );
      }
      await broker.start();
      const node: Node = {
        broker,
        async stop() {
          running.delete(node);
          await broker.stop();
        },
      };
      running.add(node);
      return node;
    },
    async append(node, streams, during) {
      const service = node.broker.getLocalService("orders") as unknown as DomainService;
      await service.database.transaction("*", async (tx) => {
        const events: NewEvent<"orders.delivered.v1">[] = [];
        for (const stream of streams) {
          const before = events.filter((event) => event.stream === stream).length;
          const [row] = await tx.query<{ version: number }>(lastVersion, [stream]);
          events.push({
            stream,
            version: (row?.version ?? 0) + before + 1,
            type: "orders.delivered.v1",
            tenant: "demo",
            data: { shipmentId: stream, shipmentVersion: 1 },
            meta: { actor: "test" },
            at: new Date().toISOString(),
          });
        }
        service.log.append(tx, events);
        await during?.(tx);
      });
    },
    async effects() {
      const { rows } = await owner.query("select * from delivery.effects order by number");
      return rows.map((row) => ({
        number: Number(row.number),
        stream: row.stream,
        version: row.version,
        sequence: Number(row.sequence),
      }));
    },
    async end() {
      await Promise.all([...running].map((node) => node.stop()));
      await owner.end();
      await db.drop();
    },
  };
  return world;
}

/** Every appended version of every stream has exactly one effect, and each stream's are in order. */
export function assertEachOnceInOrder(effects: readonly Effect[], expected: ReadonlyMap<string, number>): void {
  const streams = new Map<string, number[]>();
  for (const { stream, version } of effects) streams.set(stream, [...(streams.get(stream) ?? []), version]);
  for (const [stream, count] of expected) {
    const versions = Array.from({ length: count }, (_, i) => i + 1);
    expect([stream, streams.get(stream) ?? []]).toEqual([stream, versions]);
  }
  expect(effects).toHaveLength([...expected.values()].reduce((sum, count) => sum + count, 0));
}
