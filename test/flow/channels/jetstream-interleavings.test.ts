import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect } from "nats";
import { JetStreamAdapter } from "../../../platform/channels/jetstream-adapter.ts";
import { newId, partitionOf } from "../../../platform/ids.ts";
import type { Relay } from "../../../platform/relay.ts";
import type { Consumer } from "../../../platform/subscriptions/consumer.ts";
import { type NatsServer, startNats } from "../../../scripts/cluster/servers.ts";
import { makeWorld, type Node, type World } from "../../support/channel-world.ts";
import { eventually, pause } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(60_000);

/** So long that what is seen in a test was brought by JetStream, and not read from the log. */
const NEVER_MS = 3_600_000;
const SECRET = "test-secret";
/** The nodes of these tests have the log of `orders`, its reader `delivery`, or both. */
const ACCOUNT = "orders-delivery";

interface Channels {
  sendToChannel(name: string, announcement: object): Promise<void>;
}

function relayOf(broker: Node["broker"]): Relay {
  return (broker.getLocalService("orders") as unknown as { relay: Relay }).relay;
}

describeWithServers("durable channels on JetStream: what is lost when two things happen at once", () => {
  let nats: NatsServer;
  let dataDir: string;
  let world: World;
  let watchMs: number;
  let ackWaitMs: number;
  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), "waybill-nats-"));
    nats = await startNats({ dataDir, secret: SECRET, accounts: [ACCOUNT] });
    watchMs = NEVER_MS;
    ackWaitMs = 1_000;
    world = await makeWorld(adapter);
  });
  afterEach(async () => {
    await world.end();
    await nats.stop("SIGKILL");
    await rm(dataDir, { recursive: true, force: true });
  });

  function adapter(): JetStreamAdapter {
    const { hostname, port, username, password } = new URL(nats.url(ACCOUNT));
    const cluster = {
      nats: { servers: [`${hostname}:${port}`], user: username, password },
      redisUrl: "redis://127.0.0.1:1",
      jetstream: { replicas: 1, maxBytes: 64 * 1_048_576, ackWaitMs },
    };
    return new JetStreamAdapter(cluster, watchMs);
  }

  const handled = (count: number, patienceMs?: number) =>
    eventually(`${count} events had their effect`, async () => (await world.effects()).length >= count, patienceMs);
  const inPartition = (partition: number) => {
    for (;;) {
      const id = newId();
      if (partitionOf(id) === partition) return id;
    }
  };
  const away = () => Object.assign(new Error("somebody is away"), { code: 503 });
  /** As another node does that replays the subscription from its beginning. */
  const setBack = () =>
    world.owner.query(
      `update delivery.subscription_cursors
       set replayed_until = sequence, replayed_for = array['*'], sequence = 0, generation = generation + 1`,
    );
  const asOwner = () =>
    connect({
      servers: `127.0.0.1:${nats.port}`,
      user: "orders@orders",
      pass: `${SECRET}-orders`,
      inboxPrefix: "_INBOX.orders@orders",
    });
  const sequences = async () => (await world.effects()).map(({ sequence }) => sequence);
  /** Waits until a node has stopped. */
  const stopped = (node: Node) => {
    let isOver = false;
    void node.stop().then(() => {
      isOver = true;
    });
    return eventually("it has stopped", () => isOver);
  };

  /** How many batches the nodes work on at the same time, at most. */
  function countTogether(nodes: readonly Node[]): () => number {
    let [at, most] = [0, 0];
    for (const { broker } of nodes) {
      const { consumers } = broker.getLocalService("delivery") as unknown as { consumers: Map<string, Consumer> };
      const consumer = consumers.get("orders") as Consumer;
      const accept = consumer.accept.bind(consumer);
      consumer.accept = async (batch) => {
        most = Math.max(most, ++at);
        await accept(batch).finally(() => at--);
      };
    }
    return () => most;
  }

  test("a node stops though NATS was never there, and though it has gone", async () => {
    const { port } = nats;
    const one = await world.start();
    await nats.stop("SIGKILL");
    const other = await world.start();
    await world.append(other, [newId()]);
    try {
      await Promise.all([stopped(one), stopped(other)]);
    } finally {
      nats = await startNats({ dataDir, secret: SECRET, accounts: [ACCOUNT], port });
    }
  });

  test("a partition that cannot go on holds no other up while JetStream is away", async () => {
    watchMs = 200;
    const node = await world.start();
    const stuck = inPartition(0);
    const fine = inPartition(5);
    await world.append(node, [stuck, fine]);
    await handled(2);
    await nats.stop("SIGKILL");
    world.onEvent = ({ stream }) => {
      if (stream === stuck) throw away();
    };
    for (let i = 0; i < 3; i++) {
      await world.append(node, [stuck, fine]);
      await handled(3 + i);
    }
  });

  test("a message that was seen in part, after a replay: what is before it comes first", async () => {
    const node = await world.start();
    const stream = inPartition(3);
    for (let i = 0; i < 4; i++) await world.append(node, [stream]);
    await handled(4);
    await world.owner.query("truncate delivery.effects");
    await setBack();
    // The fifth is numbered behind the publisher's back, and published in one message with the two before it.
    await relayOf(node.broker).stop();
    await world.append(node, [stream]);
    await world.owner.query(
      `with taken as (delete from orders.event_log_unnumbered returning positions)
       insert into orders.event_log_runs (first, partition, positions) select 5, 3, positions from taken`,
    );
    const events = await node.broker.call("orders.log.read", { after: 2, limit: 10, partition: 3 });
    const connection = await asOwner();
    await connection.jetstream().publish("waybill.log.orders.3", JSON.stringify({ after: 2, events }));
    await connection.close();
    await handled(5, 3_000).catch(() => {});
    expect(await sequences()).toEqual([1, 2, 3, 4, 5]);
  });

  test("a batch that was fenced, tried again and refused, then a replay: what is before it comes first", async () => {
    const node = await world.start();
    const stream = inPartition(3);
    for (let i = 0; i < 4; i++) await world.append(node, [stream]);
    await handled(4);
    await world.owner.query("truncate delivery.effects");
    let refused = 0;
    let isBack = false;
    world.onEvent = () => {
      if (isBack) return;
      refused++;
      throw away();
    };
    await world.owner.query("update delivery.subscription_cursors set generation = generation + 1");
    await world.append(node, [stream]);
    await eventually("it was refused", () => refused > 0);
    await setBack();
    isBack = true;
    await handled(5, 3_000).catch(() => {});
    expect(await sequences()).toEqual([1, 2, 3, 4, 5]);
  });

  test("an event that is too large for a message is read from the log, and holds nothing up", async () => {
    const node = await world.start();
    const [large, other] = [inPartition(3), inPartition(4)];
    await world.append(node, [large], async (tx) => {
      const text =
        "update event_log set meta = (meta::jsonb || jsonb_build_object('reason', repeat('x', 9000000)))::json";
      await tx.query({ name: "test.large", text }, []);
    });
    await world.append(node, [large, other]);
    await handled(3);
    expect((await sequences()).sort()).toEqual([1, 2, 3]);
  });

  test("a partition is with one node at a time, and stays there for as long as it is worked on", async () => {
    ackWaitMs = 500;
    const nodes = [await world.start(), await world.start()];
    const together = countTogether(nodes);
    let isSlow = true;
    world.onEvent = async () => {
      if (isSlow) await pause(4 * ackWaitMs);
      isSlow = false;
    };
    const stream = inPartition(3);
    for (let i = 0; i < 5; i++) {
      await world.append(nodes[0] as Node, [stream]);
      await pause(50);
    }
    await handled(5);
    expect([together(), await sequences()]).toEqual([1, [1, 2, 3, 4, 5]]);
  });

  test("a message that comes while its partition is read from the log waits for that", async () => {
    watchMs = 200;
    const node = await world.start();
    const stream = inPartition(3);
    await world.append(node, [stream]);
    await handled(1);
    const together = countTogether([node]);
    const { port } = nats;
    await nats.stop("SIGKILL");
    let begun = 0;
    world.onEvent = async () => {
      if (begun++ === 0) await pause(4_000);
    };
    await world.append(node, [stream]);
    await eventually("it is read from the log", () => begun > 0);
    nats = await startNats({ dataDir, secret: SECRET, accounts: [ACCOUNT], port });
    await world.append(node, [stream]);
    await handled(3);
    expect([together(), await sequences()]).toEqual([1, [1, 2, 3]]);
  });

  test("what a leader publishes that does not know of the other one is in the stream once", async () => {
    const first = await world.start({ subscriber: false });
    const second = await world.start({ subscriber: false });
    const channelsOf = ({ broker }: Node) => broker as unknown as Channels;
    const stream = inPartition(3);
    const connection = await asOwner();
    const manager = await connection.jetstreamManager({ checkAPI: false });
    const last = async () => {
      const found = await manager.streams.getMessage("waybill_orders", { last_by_subj: "waybill.log.orders.3" });
      return { number: found.seq, message: found.json<{ after: number; events: { sequence: number }[] }>() };
    };
    const published = (sequence: number) =>
      eventually(`${sequence} is published`, async () => {
        const found = await last().catch(() => undefined);
        return found?.message.events.at(-1)?.sequence === sequence;
      });
    const leader = (await eventually("one leads", () =>
      [first, second].find(({ broker }) => relayOf(broker).leads),
    )) as Node;
    const other = leader === first ? second : first;
    // NATS 2.9, which Debian has, falls over when it is asked for a message of a stream that it is about to make.
    await eventually("the stream is there", () =>
      manager.streams.info("waybill_orders").then(
        () => true,
        () => false,
      ),
    );
    await pause(100);
    await world.append(leader, [stream]);
    await published(1);
    await channelsOf(other).sendToChannel("orders", { upTo: 1 });
    await pause(300);
    await world.append(leader, [stream]);
    await published(2);
    // From here on the leader numbers and does not say so.
    jest.spyOn(channelsOf(leader), "sendToChannel").mockResolvedValue(undefined);
    await world.append(leader, [stream]);
    await eventually("it is numbered", async () => (await leader.broker.call("orders.log.head")) === 3);
    await channelsOf(other).sendToChannel("orders", { upTo: 3 });
    await published(3);
    const { number, message } = await last();
    await connection.close();
    expect([number, message.after, message.events.map(({ sequence }) => sequence)]).toEqual([3, 2, [3]]);
  });
});
