import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect, type NatsConnection } from "nats";
import { JetStreamAdapter } from "../../../platform/channels/jetstream-adapter.ts";
import { EventLog } from "../../../platform/event-log.ts";
import { newId, partitionOf } from "../../../platform/ids.ts";
import { type NatsServer, startNats } from "../../../scripts/cluster/servers.ts";
import { describeChannels } from "../../support/channel-suite.ts";
import { assertEachOnceInOrder, makeWorld, type World } from "../../support/channel-world.ts";
import { eventually, pause } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(120_000);

/** So long that what is seen in a test was brought by JetStream, and not read from the log. */
const NEVER_MS = 3_600_000;
const SECRET = "test-secret";
/** The nodes of these tests have the log of `orders`, its reader `delivery`, or both. */
const ACCOUNT = "orders-delivery";

let nats: NatsServer;
let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "waybill-nats-"));
  nats = await startNats({ dataDir, secret: SECRET, accounts: [ACCOUNT] });
});
afterEach(async () => {
  await nats.stop("SIGKILL");
  await rm(dataDir, { recursive: true, force: true });
});

interface Options {
  readonly watchMs?: number;
  readonly ackWaitMs?: number;
}

function adapter({ watchMs = NEVER_MS, ackWaitMs = 1_000 }: Options = {}): JetStreamAdapter {
  const { hostname, port, username, password } = new URL(nats.url(ACCOUNT));
  const cluster = {
    nats: { servers: [`${hostname}:${port}`], user: username, password },
    redisUrl: "redis://127.0.0.1:1",
    jetstream: { replicas: 1, maxBytes: 64 * 1_048_576, ackWaitMs },
  };
  return new JetStreamAdapter(cluster, watchMs);
}

describeWithServers("channels", () => describeChannels("JetStream", () => adapter()));

describeWithServers("durable channels on JetStream: what may befall them", () => {
  let world: World;
  let options: Options;
  let connection: NatsConnection | undefined;
  beforeEach(async () => {
    options = {};
    world = await makeWorld(() => adapter(options));
  });
  afterEach(async () => {
    await connection?.close();
    connection = undefined;
    await world.end();
  });

  /** Patient: NATS writes every message and every acknowledgement to the disk, which other tests keep busy as well. */
  async function handled(count: number, patienceMs = 60_000): Promise<void> {
    let last = { had: 0, at: Date.now() };
    const all = async () => {
      const { rows } = await world.owner.query("select count(*)::int as had from delivery.effects");
      if (rows[0].had > last.had) last = { had: rows[0].had, at: Date.now() };
      return last.had >= count;
    };
    await eventually(`${count} events had their effect`, all, patienceMs).catch(({ message }: Error) => {
      const { exitCode } = nats.child;
      const since = Date.now() - last.at;
      throw new Error(`${message}; ${last.had} had, the last of them ${since} ms ago, and NATS ${exitCode ?? "runs"}`);
    });
  }

  async function restart(between: () => Promise<unknown> = async () => {}): Promise<void> {
    const { port } = nats;
    await nats.stop("SIGKILL");
    await between();
    nats = await startNats({ dataDir, secret: SECRET, accounts: [ACCOUNT], port });
  }

  /** The messages that the channel of `orders` holds. */
  async function stored(): Promise<number> {
    connection ??= await connect({
      servers: `127.0.0.1:${nats.port}`,
      user: "orders@orders",
      pass: `${SECRET}-orders`,
      inboxPrefix: "_INBOX.orders@orders",
    });
    const manager = await connection.jetstreamManager({ checkAPI: false });
    return (await manager.streams.info("waybill_orders")).state.messages;
  }

  const streams = (count: number) => Array.from({ length: count }, () => newId());
  const inPartition = (partition: number) => {
    for (;;) {
      const id = newId();
      if (partitionOf(id) === partition) return id;
    }
  };

  test.each([2, 3])("%i nodes of a subscription all get work, and each stream stays in order", async (count) => {
    world.onEvent = () => pause(2);
    const first = await world.start();
    const nodes = [first];
    while (nodes.length < count) nodes.push(await world.start({ log: false }));
    const calls = new Map<string, number>();
    for (const { broker } of nodes) {
      const service = broker.getLocalService("delivery") as unknown as { consumers: Map<string, { accept: unknown }> };
      const consumer = service.consumers.get("orders") as { accept(batch: object): Promise<void> };
      const accept = consumer.accept.bind(consumer);
      consumer.accept = (batch) => {
        calls.set(broker.nodeID, (calls.get(broker.nodeID) ?? 0) + 1);
        return accept(batch);
      };
    }
    const all = streams(64);
    const idle = () => nodes.filter(({ broker }) => !calls.has(broker.nodeID));
    // How much each gets is for whoever asks first: on a busy machine one may be far ahead.
    let rounds = 0;
    while (rounds < 10 || (idle().length > 0 && rounds < 200)) {
      await world.append(first, all);
      rounds++;
      if (rounds >= 10) await handled(64 * rounds);
    }
    assertEachOnceInOrder(await world.effects(), new Map(all.map((stream) => [stream, rounds])));
    expect(idle()).toEqual([]);
  });

  test("what is published before anybody subscribes is kept for whoever comes", async () => {
    const owner = await world.start({ subscriber: false });
    const all = streams(30);
    await world.append(owner, all);
    await eventually("it is published", async () => (await stored().catch(() => 0)) > 0);
    await world.start({ log: false });
    await handled(30);
    assertEachOnceInOrder(await world.effects(), new Map(all.map((stream) => [stream, 1])));
  });

  test("what only the log has reaches its readers though the log gives a few events at a time", async () => {
    const owner = await world.start({ subscriber: false });
    const all = streams(300);
    for (let i = 0; i < 5; i++) await world.append(owner, all);
    await eventually("it is published", async () => (await stored().catch(() => 0)) > 0);
    // What is made anew has the newest 1,000 events.
    await restart(() => rm(path.join(dataDir, "jetstream"), { recursive: true, force: true }));
    await world.append(owner, all);
    await eventually("it is published anew", async () => (await stored().catch(() => 0)) > 0);
    const { read } = EventLog.prototype;
    jest.spyOn(EventLog.prototype, "read").mockImplementation(async function (this: EventLog, ...asked) {
      return (await read.apply(this, asked)).slice(0, 20);
    });
    // With the log, as there is no bus between these nodes by which to ask its owner.
    await world.start();
    await handled(1_800, 40_000);
    assertEachOnceInOrder(await world.effects(), new Map(all.map((stream) => [stream, 6])));
  });

  test("a batch that is refused again and again is brought again and again", async () => {
    let refusals = 0;
    world.onEvent = () => {
      if (refusals++ < 8) throw Object.assign(new Error("somebody is away"), { code: 503 });
    };
    const node = await world.start();
    const stream = newId();
    await world.append(node, [stream]);
    await handled(1, 30_000);
    expect(refusals).toBe(9);
    assertEachOnceInOrder(await world.effects(), new Map([[stream, 1]]));
  });

  test("an event that can be neither handled nor parked is not given up", async () => {
    const node = await world.start();
    let failures = 0;
    world.onEvent = () => {
      failures++;
      throw new Error("it cannot be handled");
    };
    await world.owner.query("revoke insert on delivery.parked_streams from waybill_delivery_all");
    const stream = newId();
    await world.append(node, [stream]);
    await eventually("it was tried several times", () => failures >= 3);
    world.onEvent = () => {};
    await handled(1);
    await world.owner.query("grant insert on delivery.parked_streams to waybill_delivery_all");
    assertEachOnceInOrder(await world.effects(), new Map([[stream, 1]]));
  });

  test("what a stopping node has not begun goes to the others at once, not after its time", async () => {
    options = { ackWaitMs: 600_000 };
    const first = await world.start();
    const second = await world.start({ log: false });
    const all = streams(64);
    world.onEvent = () => pause(1);
    const appended = (async () => {
      for (let i = 0; i < 20; i++) await world.append(first, all);
    })();
    await eventually("some had their effect", async () => (await world.effects()).length > 0);
    await second.stop();
    await appended;
    await handled(64 * 20, 30_000);
    assertEachOnceInOrder(await world.effects(), new Map(all.map((stream) => [stream, 20])));
  });

  test("a new leader goes on where the old one stopped, and publishes nothing twice", async () => {
    const first = await world.start({ subscriber: false });
    const all = streams(20);
    await world.append(first, all);
    await eventually(
      "it is published",
      async () => (await stored().catch(() => 0)) >= new Set(all.map(partitionOf)).size,
    );
    const before = await stored();
    await first.stop();
    const second = await world.start();
    await handled(20);
    await pause(300);
    expect(await stored()).toBe(before);
    await world.append(second, all);
    await handled(40);
    assertEachOnceInOrder(await world.effects(), new Map(all.map((stream) => [stream, 2])));
  });

  test("two that both take themselves for the leader leave no gap and no second effect", async () => {
    const first = await world.start();
    const second = await world.start({ subscriber: false });
    const all = streams(20);
    for (let i = 0; i < 5; i++) {
      await world.append(first, all);
      // As a leader does that was stopped for a while and does not know yet that it leads no more.
      const { rows } = await world.owner.query("select sequence::int from orders.event_log_head");
      for (const { broker } of [first, second]) {
        const channels = broker as unknown as { sendToChannel(name: string, announcement: object): Promise<void> };
        await channels.sendToChannel("orders", { upTo: rows[0].sequence });
      }
    }
    await handled(100);
    await pause(200);
    assertEachOnceInOrder(await world.effects(), new Map(all.map((stream) => [stream, 5])));
  });

  test("NATS away for longer than its client is used to wait: appending goes on, and all of it arrives", async () => {
    const node = await world.start();
    const all = streams(10);
    await world.append(node, all);
    await handled(10);
    await restart(async () => {
      for (let i = 0; i < 5; i++) {
        await world.append(node, all);
        await pause(1_500);
      }
    });
    await handled(60, 30_000);
    assertEachOnceInOrder(await world.effects(), new Map(all.map((stream) => [stream, 6])));
  });

  test("a node that starts while NATS is away takes its part when it comes", async () => {
    const { port } = nats;
    await nats.stop("SIGKILL");
    const node = await world.start();
    const stream = newId();
    await world.append(node, [stream]);
    nats = await startNats({ dataDir, secret: SECRET, accounts: [ACCOUNT], port });
    await handled(1, 30_000);
  });

  test("NATS's storage deleted under load: made anew, nothing lost, nothing done twice", async () => {
    const node = await world.start();
    // With the log, as there is no bus between these nodes by which to ask its owner.
    await world.start();
    const all = streams(40);
    let rounds = 0;
    const loaded = (async () => {
      for (; rounds < 60; rounds++) {
        await world.append(node, all);
        await pause(50);
      }
    })();
    await handled(200);
    await restart(() => rm(path.join(dataDir, "jetstream"), { recursive: true }));
    await loaded;
    // The last one of every partition shows its readers what they lack.
    await world.append(
      node,
      Array.from({ length: 8 }, (_, partition) => inPartition(partition)),
    );
    await handled(40 * 60 + 8, 30_000);
    await pause(300);
    const effects = (await world.effects()).filter(({ stream }) => all.includes(stream));
    assertEachOnceInOrder(effects, new Map(all.map((stream) => [stream, 60])));
  });

  test("a storage that has lost what it had acknowledged is filled up again", async () => {
    const node = await world.start();
    const all = streams(40);
    await world.append(node, all);
    await handled(40);
    const backup = `${dataDir}-backup`;
    const { port } = nats;
    await nats.stop("SIGTERM");
    await cp(dataDir, backup, { recursive: true });
    nats = await startNats({ dataDir, secret: SECRET, accounts: [ACCOUNT], port });
    for (let i = 0; i < 3; i++) await world.append(node, all);
    await handled(160, 30_000);
    // As after a power cut: the last writes never came to the disk.
    await restart(async () => {
      await rm(dataDir, { recursive: true });
      await cp(backup, dataDir, { recursive: true });
    });
    for (let i = 0; i < 3; i++) await world.append(node, all);
    await handled(280, 30_000);
    await pause(200);
    assertEachOnceInOrder(await world.effects(), new Map(all.map((stream) => [stream, 7])));
    await rm(backup, { recursive: true, force: true });
  });

  test("a tail that was lost while nothing happens is noticed", async () => {
    options = { watchMs: 200 };
    let lost = false;
    world.onEvent = () => {
      if (!lost) throw Object.assign(new Error("somebody is away"), { code: 503 });
    };
    const node = await world.start();
    const all = streams(40);
    await world.append(node, all);
    await eventually(
      "it is published",
      async () => (await stored().catch(() => 0)) >= new Set(all.map(partitionOf)).size,
    );
    await connection?.close();
    connection = undefined;
    await restart(() => rm(path.join(dataDir, "jetstream"), { recursive: true }));
    lost = true;
    // The relay has numbered and published everything, and nobody appends any more.
    await handled(40, 30_000);
    assertEachOnceInOrder(await world.effects(), new Map(all.map((stream) => [stream, 1])));
  });

  test("a message that is not readable is passed, and what it should have brought is read from the log", async () => {
    const node = await world.start();
    const stream = inPartition(3);
    await world.append(node, [stream]);
    await handled(1);
    connection = await connect({
      servers: `127.0.0.1:${nats.port}`,
      user: "orders@orders",
      pass: `${SECRET}-orders`,
      inboxPrefix: "_INBOX.orders@orders",
    });
    await connection.jetstream().publish("waybill.log.orders.3", "{ this is no message");
    await world.append(node, [stream]);
    await handled(2, 30_000);
    assertEachOnceInOrder(await world.effects(), new Map([[stream, 2]]));
  });

  test("a large backlog and large events go in messages of bounded size", async () => {
    const owner = await world.start({ subscriber: false });
    const all = streams(500);
    for (let i = 0; i < 4; i++) await world.append(owner, all);
    await world.start({ log: false });
    await handled(2_000, 30_000);
    assertEachOnceInOrder(await world.effects(), new Map(all.map((stream) => [stream, 4])));
    expect(Math.max(...world.sets)).toBeLessThanOrEqual(256);
  });
});
