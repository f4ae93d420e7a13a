import type { Batch } from "../../platform/channels/channel.ts";
import type { Config } from "../../platform/config.ts";
import { Database } from "../../platform/database.ts";
import { newId, partitionOf } from "../../platform/ids.ts";
import { Relay } from "../../platform/relay.ts";
import type { Consumer } from "../../platform/subscriptions/consumer.ts";
import { assertEachOnceInOrder, makeWorld, type Node, type World } from "./channel-world.ts";
import { seeded } from "./random.ts";
import { eventually, pause } from "./waiting.ts";

const quick = { attempts: 4, firstMs: 20, longestMs: 200 };

/** Ids of streams that all lie in one partition. */
function streamsOfOnePartition(count: number): string[] {
  const streams: string[] = [];
  while (streams.length < count) {
    const id = newId();
    if (partitionOf(id) === 0) streams.push(id);
  }
  return streams;
}

/**
 * What every adapter of the durable channels owes its subscriptions, whatever carries the events. Its input is the
 * owner's log, its outcome the rows that a subscription wrote.
 */
export function describeChannels(name: string, makeAdapter: (config: Config) => object): void {
  describe(`durable channels on ${name}`, () => {
    let world: World;
    beforeEach(async () => {
      world = await makeWorld(makeAdapter);
    });
    afterEach(async () => {
      await world.end();
    });

    const handled = (count: number) =>
      eventually(`${count} events had their effect`, async () => (await world.effects()).length >= count);

    test("every event has its effect once, each stream in order, under concurrent writers", async () => {
      const node = await world.start();
      const random = seeded(1);
      const streams = Array.from({ length: 40 }, () => newId());
      const expected = new Map(streams.map((stream) => [stream, 0]));
      await Promise.all(
        Array.from({ length: 8 }, async (_, writer) => {
          // Each writer has streams of its own; their transactions overlap and commit in any order.
          const own = streams.filter((_stream, i) => i % 8 === writer);
          for (let i = 0; i < 25; i++) {
            const chosen = own.filter(() => random() < 0.6);
            if (chosen.length === 0) continue;
            await world.append(node, chosen, () => pause(random() * 10));
            for (const stream of chosen) expected.set(stream, (expected.get(stream) ?? 0) + 1);
          }
        }),
      );
      const total = [...expected.values()].reduce((sum, count) => sum + count, 0);
      await handled(total);
      await pause(100);
      assertEachOnceInOrder(await world.effects(), expected);
    });

    test("sequences are gapless, and events of one stream in one transaction keep their order", async () => {
      const node = await world.start();
      const stream = newId();
      await world.append(node, [stream, stream, stream]);
      await world.append(node, [stream, stream]);
      await handled(5);
      assertEachOnceInOrder(await world.effects(), new Map([[stream, 5]]));
      const { rows } = await world.owner.query("select sequence::int from orders.event_log_numbers order by sequence");
      expect(rows.map((row) => row.sequence)).toEqual([1, 2, 3, 4, 5]);
    });

    test("a transaction that commits late holds nobody up and is not skipped", async () => {
      const node = await world.start();
      const late = newId();
      let commit: () => void = () => {};
      const committed = new Promise<void>((resolve) => {
        commit = resolve;
      });
      // Its rows have the lowest positions, and become visible last.
      const slow = world.append(node, [late], () => committed);
      await pause(50);
      const others = Array.from({ length: 20 }, () => newId());
      for (const stream of others) await world.append(node, [stream]);
      await handled(20);
      expect((await world.effects()).map((effect) => effect.stream)).not.toContain(late);
      commit();
      await slow;
      await handled(21);
      assertEachOnceInOrder(await world.effects(), new Map([late, ...others].map((stream) => [stream, 1])));
    });

    test("a bystander's open write transaction in the same database holds nobody up", async () => {
      const node = await world.start();
      await world.owner.query("begin; create table delivery.bystander (n int)");
      const stream = newId();
      await world.append(node, [stream]);
      await handled(1);
      await world.owner.query("rollback");
    });

    test("a batch that is handed over twice, whole or in part, has its effect once", async () => {
      const node = await world.start();
      const streams = streamsOfOnePartition(6);
      await world.append(node, streams);
      await handled(6);
      const consumer = consumerOf(node);
      const events = (await node.broker.call("orders.log.read", {
        after: 0,
        limit: 100,
        partition: 0,
      })) as Batch["events"];
      await consumer.accept({ events });
      await consumer.accept({ events: events.slice(0, 3) });
      const [late] = streamsOfOnePartition(1);
      await world.append(node, [late as string]);
      await handled(7);
      await pause(100);
      assertEachOnceInOrder(await world.effects(), new Map([...streams, late as string].map((stream) => [stream, 1])));
    });

    test("two nodes of a subscription share the work, and no event has its effect twice", async () => {
      const first = await world.start();
      await world.start({ log: true });
      const streams = Array.from({ length: 60 }, () => newId());
      for (let i = 0; i < 5; i++) await world.append(first, streams);
      await handled(300);
      await pause(200);
      assertEachOnceInOrder(await world.effects(), new Map(streams.map((stream) => [stream, 5])));
    });

    test("a subscription that starts late reads the log from its beginning, and goes on where it stopped", async () => {
      const owner = await world.start({ subscriber: false });
      const streams = Array.from({ length: 30 }, () => newId());
      await world.append(owner, streams);
      await owner.stop();
      const first = await world.start();
      await handled(30);
      await first.stop();
      const again = await world.start();
      await world.append(again, streams);
      await handled(60);
      assertEachOnceInOrder(await world.effects(), new Map(streams.map((stream) => [stream, 2])));
    });

    test("of events that are not all wanted each that is has its effect once, in order, whoever goes on", async () => {
      const first = await world.start();
      const streams = Array.from({ length: 40 }, () => newId());
      const isWanted = (stream: string) => partitionOf(stream) % 2 === 0;
      world.isWanted = ({ stream }) => isWanted(stream);
      for (let i = 0; i < 3; i++) await world.append(first, streams);
      const wanted = streams.filter(isWanted);
      await handled(3 * wanted.length);
      await first.stop();
      // Nothing was wanted of the other partitions: whether they come once more or not, they are not wanted then either.
      const again = await world.start();
      await world.append(again, streams);
      await handled(4 * wanted.length);
      await pause(100);
      assertEachOnceInOrder(await world.effects(), new Map(wanted.map((stream) => [stream, 4])));
    });

    test("events that are wanted are not lost for others that were passed over before them", async () => {
      const first = await world.start();
      const streams = streamsOfOnePartition(3);
      world.isWanted = () => false;
      for (let i = 0; i < 20; i++) await world.append(first, streams);
      world.isWanted = ({ version }) => version > 20;
      await world.append(first, streams);
      await handled(3);
      expect((await world.effects()).map(({ version }) => version)).toEqual([21, 21, 21]);
    });

    test("a stop in the middle of a batch loses nothing and doubles nothing", async () => {
      const node = await world.start();
      const streams = Array.from({ length: 200 }, () => newId());
      world.onEvent = () => pause(2);
      await world.append(node, streams);
      await eventually("some events had their effect", async () => (await world.effects()).length > 0);
      await node.stop();
      const after = (await world.effects()).length;
      world.onEvent = () => {};
      const again = await world.start();
      await world.append(again, streams.slice(0, 10));
      await handled(210);
      expect(after).toBeLessThanOrEqual(200);
      assertEachOnceInOrder(await world.effects(), new Map(streams.map((stream, i) => [stream, i < 10 ? 2 : 1])));
    });

    test("a failing batch is halved: the culprit's stream alone is parked, the others' effects happen once", async () => {
      const streams = streamsOfOnePartition(32);
      const culprit = streams[20] as string;
      world.onEvent = (event) => {
        if (event.stream === culprit) throw new Error("this one cannot be handled");
      };
      const node = await world.start({ retries: { attempts: 2, firstMs: 60_000, longestMs: 60_000 } });
      await world.append(node, streams);
      await handled(31);
      await pause(100);
      assertEachOnceInOrder(
        await world.effects(),
        new Map(streams.map((stream) => [stream, stream === culprit ? 0 : 1])),
      );
      expect(await parked()).toEqual([{ stream: culprit, state: "retrying", attempts: 1, events: 1 }]);
      // Halves, not single steps: 32 events with one culprit take at most 2 * log2(32) + 1 sets.
      expect(world.sets.length).toBeLessThanOrEqual(11);
    });

    test("later events of a parked stream queue behind it in order, the partition goes on, and all is let go in order", async () => {
      const [broken, fine] = streamsOfOnePartition(2) as [string, string];
      let heal = false;
      world.onEvent = (event) => {
        if (event.stream === broken && !heal) throw new Error("not yet");
      };
      const node = await world.start({ retries: { attempts: 100, firstMs: 20, longestMs: 100 } });
      await world.append(node, [broken, fine]);
      await handled(1);
      await world.append(node, [broken, broken, fine]);
      await handled(2);
      expect((await world.effects()).every((effect) => effect.stream === fine)).toBe(true);
      heal = true;
      await handled(5);
      assertEachOnceInOrder(
        await world.effects(),
        new Map([
          [broken, 3],
          [fine, 2],
        ]),
      );
      expect(await parked()).toEqual([]);
      await world.append(node, [broken]);
      await handled(6);
    });

    test("attempts grow apart, and after the last one the event is a dead letter that holds its stream", async () => {
      const [broken] = streamsOfOnePartition(1) as [string];
      const times: number[] = [];
      world.onEvent = () => {
        times.push(Date.now());
        throw new Error("never");
      };
      const node = await world.start({ retries: quick });
      await world.append(node, [broken]);
      await eventually("the event is dead", async () => (await parked())[0]?.state === "dead");
      await world.append(node, [broken]);
      await eventually("the later event has queued", async () => (await parked())[0]?.events === 2);
      expect(await parked()).toEqual([{ stream: broken, state: "dead", attempts: 4, events: 2 }]);
      expect(times).toHaveLength(4);
      const { rows } = await world.owner.query("select error from delivery.parked_streams");
      expect(rows[0].error).toContain("never");
      expect(await world.effects()).toEqual([]);
    });

    test("an event that its contract does not allow is not handled, but kept", async () => {
      const node = await world.start({ retries: { attempts: 1, firstMs: 10, longestMs: 10 } });
      const stream = newId();
      await world.append(node, [stream]);
      await handled(1);
      await world.append(node, [stream], async (tx) => {
        await tx.query(
          {
            name: "test.spoil",
            text: "update event_log set data = '{\"shipmentId\": 5}' where stream = $1 and version = 2",
          },
          [stream],
        );
      });
      await eventually("it is a dead letter", async () => (await parked())[0]?.state === "dead");
      expect((await world.effects()).length).toBe(1);
    });

    test("a relay that was paused while leading numbers nothing when it wakes up", async () => {
      const database = new Database(world.db.urls.orders, "orders", 2);
      const logger = { debug() {}, info() {}, warn() {}, error() {} };
      const gate = new Gate();
      const slow = { dedicated: async () => gate.around(await database.dedicated()) } as unknown as Database;
      const first = new Relay({
        domain: "orders",
        owner: "first",
        database: slow,
        logger,
        leaseMs: 300,
        pollMs: 20,
        publish: async () => {},
      });
      first.start();
      try {
        await eventually("the first leads", () => first.leads);
        gate.close();
        const node = await world.start({ config: { relayLeaseMs: 300 } });
        const streams = Array.from({ length: 50 }, () => newId());
        await world.append(node, streams);
        await handled(50);
        gate.open();
        first.wake();
        for (let i = 0; i < 5; i++) await world.append(node, streams);
        await handled(300);
        await pause(200);
        assertEachOnceInOrder(await world.effects(), new Map(streams.map((stream) => [stream, 6])));
        const { rows } = await world.owner.query(
          "select count(*)::int, max(sequence)::int from orders.event_log_numbers",
        );
        expect(rows[0]).toEqual({ count: 300, max: 300 });
      } finally {
        gate.open();
        await first.stop();
        await database.close();
      }
    });

    test("what one node commits is numbered by the other that leads, without waiting for its next look", async () => {
      // So rarely that nothing but the wake-up can be in time.
      const config = { pollMs: 60_000, relayLeaseMs: 600_000 };
      const leader = await world.start({ config });
      const relay = (leader.broker.getLocalService("orders") as unknown as { relay: Relay }).relay;
      await eventually("it leads", () => relay.leads);
      const other = await world.start({ config, subscriber: false });
      await pause(100);
      const stream = newId();
      for (let i = 1; i <= 3; i++) {
        await world.append(other, [stream]);
        await handled(i);
      }
      assertEachOnceInOrder(await world.effects(), new Map([[stream, 3]]));
    });

    async function parked(): Promise<{ stream: string; state: string; attempts: number; events: number }[]> {
      const { rows } = await world.owner.query(
        `select stream, state, attempts, (select count(*)::int from delivery.parked_events e where e.parked = p.id) as events
         from delivery.parked_streams p`,
      );
      return rows;
    }
  });
}

function consumerOf(node: Node): Consumer {
  const service = node.broker.getLocalService("delivery") as unknown as { consumers: Map<string, Consumer> };
  return service.consumers.get("orders") as Consumer;
}

/** Holds a connection's statements up, as a stopped process does. */
class Gate {
  #closed: Promise<void> | undefined;
  #open: () => void = () => {};

  close(): void {
    this.#closed = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
    this.#closed = undefined;
  }

  around<C extends { query: (...args: never[]) => unknown }>(client: C): C {
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
    client.query = (async (...args: unknown[]) => {
      await this.#closed;
      return query(...args);
    }) as unknown as C["query"];
    return client;
  }
}
