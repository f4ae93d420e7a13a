import type { Replayed, SubscriptionState } from "../../mixins/subscriptions.ts";
import { assertEachOnceInOrder, makeWorld, type Node, type World } from "../../test/support/channel-world.ts";
import { eventually, pause } from "../../test/support/waiting.ts";
import { EmbeddedAdapter } from "../channels/embedded-adapter.ts";
import { newId, partitionOf } from "../ids.ts";
import type { Identity, Meta } from "../service.ts";
import type { Consumer } from "./consumer.ts";

jest.setTimeout(60_000);

const operator: Identity = { tenant: "*", client: "operator:test", scopes: ["admin"] };
const impatient = { attempts: 1, firstMs: 10, longestMs: 10 };

describe("replays", () => {
  let world: World;
  beforeEach(async () => {
    world = await makeWorld(({ pollMs }) => new EmbeddedAdapter({ pollMs, retryMs: [20, 500] }));
  });
  afterEach(async () => {
    await world.end();
  });

  const handled = (count: number) =>
    eventually(`${count} events had their effect`, async () => (await world.effects()).length >= count);
  const replay = (node: Node, params: object, meta: Meta = {}) =>
    node.broker.call<Replayed, object>(
      "delivery.subscriptions.replay",
      { channel: "orders", ...params },
      { meta: { identity: operator, ...meta } },
    );
  const list = (node: Node) =>
    node.broker.call<SubscriptionState[], object>("delivery.subscriptions.list", {}, { meta: { identity: operator } });
  /** Forgets what was handled so far: what is there then came by the replay. */
  const forgetEffects = () => world.owner.query("truncate delivery.effects");
  const nothingElse = async (count: number) => {
    await pause(200);
    expect(await world.effects()).toHaveLength(count);
  };
  const toTenant = (stream: string, tenant: string) => async (tx: { query: CallableFunction }) => {
    await tx.query({ name: "test.tenant", text: "update event_log set tenant = $2 where stream = $1" }, [
      stream,
      tenant,
    ]);
  };

  test("what follows a position comes again, once and in order, though nothing else happens; then it goes on", async () => {
    const node = await world.start();
    const streams = Array.from({ length: 20 }, () => newId());
    await world.append(node, streams);
    // What is numbered together is in order within each stream only.
    await handled(20);
    for (let i = 0; i < 2; i++) await world.append(node, streams);
    await handled(60);
    await forgetEffects();
    expect(await replay(node, { from: 20 })).toEqual({
      domain: "delivery",
      channel: "orders",
      from: 20,
      partitions: new Set(streams.map(partitionOf)).size,
    });
    await handled(40);
    await nothingElse(40);
    const again = await world.effects();
    for (const stream of streams)
      expect(again.filter((effect) => effect.stream === stream).map(({ version }) => version)).toEqual([2, 3]);
    await world.append(node, streams);
    await handled(60);
    await nothingElse(60);
    expect((await list(node))[0]).toMatchObject({ behind: { events: 0 } });
  });

  test("on two nodes every event comes again once, whoever set the cursors back", async () => {
    const nodes = [await world.start(), await world.start()];
    const streams = Array.from({ length: 30 }, () => newId());
    for (let i = 0; i < 3; i++) await world.append(nodes[0] as Node, streams);
    await handled(90);
    for (const node of nodes) {
      await forgetEffects();
      await replay(node, { from: 0 });
      // New events meet the old ones.
      await world.append(nodes[0] as Node, streams);
      const versions = node === nodes[0] ? 4 : 5;
      await handled(30 * versions);
      await pause(200);
      assertEachOnceInOrder(await world.effects(), new Map(streams.map((stream) => [stream, versions])));
    }
  });

  test("a time stands for the first event of it or later", async () => {
    const node = await world.start();
    const [early, late] = [newId(), newId()];
    await world.append(node, [early, early]);
    await handled(2);
    await pause(20);
    const at = new Date().toISOString();
    await pause(20);
    await world.append(node, [late]);
    await handled(3);
    await forgetEffects();
    expect(await replay(node, { at })).toMatchObject({ from: 2, partitions: 1 });
    await handled(1);
    await nothingElse(1);
    expect((await world.effects())[0]?.stream).toBe(late);
    await expect(replay(node, { at: "2100-01-01T00:00:00Z" })).rejects.toMatchObject({ type: "CONFLICT" });
    expect(await replay(node, { at: "2000-01-01T00:00:00Z" })).toMatchObject({ from: 0 });
    await handled(4);
  });

  test("of a long log the first event of a time is found, though clocks differ by half a minute", async () => {
    const node = await world.start({ subscriber: false });
    const streams = Array.from({ length: 100 }, () => newId());
    for (let i = 0; i < 5; i++) await world.append(node, streams);
    await eventually("all are numbered", async () => (await node.broker.call("orders.log.head")) === 500);
    await world.owner.query(
      `update orders.event_log l set at = timestamptz '2026-01-01T00:00:00Z' + n.sequence * interval '10 s' + (n.sequence * 7919 % 61 - 30) * interval '1 s'
       from orders.event_log_numbers n where n.position = l.position`,
    );
    for (let minutes = -10; minutes < 100; minutes += 1.3) {
      const at = new Date(Date.parse("2026-01-01T00:00:00Z") + minutes * 60_000).toISOString();
      const { rows } = await world.owner.query(
        "select min(n.sequence)::int as first from orders.event_log_numbers n join orders.event_log l using (position) where l.at >= $1",
        [at],
      );
      expect([at, await node.broker.call("orders.log.since", { at })]).toEqual([at, rows[0].first]);
    }
  });

  test("it goes back and never forward, by a position or a time, of a channel that is read, for operators", async () => {
    const node = await world.start();
    await world.append(node, [newId()]);
    await handled(1);
    await expect(replay(node, { from: 1 })).rejects.toMatchObject({ type: "CONFLICT" });
    await expect(replay(node, { from: 1_000 })).rejects.toMatchObject({ type: "CONFLICT" });
    await expect(replay(node, {})).rejects.toMatchObject({ type: "VALIDATION_FAILED" });
    await expect(replay(node, { from: 0, at: "2000-01-01T00:00:00Z" })).rejects.toMatchObject({
      type: "VALIDATION_FAILED",
    });
    await expect(replay(node, { channel: "payments", from: 0 })).rejects.toMatchObject({ type: "NOT_FOUND" });
    const identity = { ...operator, scopes: ["orders:write"] };
    await expect(replay(node, { from: 0 }, { identity })).rejects.toMatchObject({ type: "FORBIDDEN" });
    await nothingElse(1);
  });

  test("under an Idempotency-Key it happens once", async () => {
    const node = await world.start();
    await world.append(node, [newId(), newId()]);
    await handled(2);
    const idempotency = { key: "k", route: "POST /x", fingerprint: "f", action: "delivery.subscriptions.replay" };
    const identity = { ...operator, tenant: "demo" };
    const first = await replay(node, { from: 0 }, { identity, idempotency });
    await handled(4);
    expect(await replay(node, { from: 0 }, { identity, idempotency })).toEqual(first);
    await nothingElse(4);
  });

  test("a tenant's replay passes the events of the others over, and a second one takes the first along", async () => {
    const node = await world.start();
    const [demo, acme, other] = [newId(), newId(), newId()];
    await world.append(node, [demo, acme, other], async (tx) => {
      await toTenant(acme, "acme")(tx);
      await toTenant(other, "other")(tx);
    });
    await handled(3);
    await forgetEffects();
    const streams = async () => new Set((await world.effects()).map(({ stream }) => stream));
    await replay(node, { from: 0 }, { identity: { ...operator, tenant: "acme" } });
    await handled(1);
    await nothingElse(1);
    expect(await streams()).toEqual(new Set([acme]));
    await forgetEffects();
    world.onEvent = () => {
      throw Object.assign(new Error("somebody is away"), { code: 503 });
    };
    await replay(node, { from: 0 }, { identity: { ...operator, tenant: "acme" } });
    await replay(node, { from: 0 }, { identity: { ...operator, tenant: "demo" } });
    world.onEvent = () => {};
    await handled(1);
    await pause(1_000);
    expect(await streams()).toEqual(new Set([acme, demo]));
    await world.append(node, [other], toTenant(other, "other") as never);
    await eventually("what is new is everybody's", async () =>
      (await world.effects()).some((effect) => effect.stream === other && effect.version === 2),
    );
  });

  test("a dead letter stays one: what came before it comes again, it and what waits behind it do not", async () => {
    let broken = true;
    const [stream, fine] = [newId(), newId()];
    world.onEvent = (event) => {
      if (broken && event.stream === stream && event.version === 2) throw new Error("not this one");
    };
    const node = await world.start({ retries: impatient });
    for (let i = 0; i < 4; i++) await world.append(node, [stream, fine]);
    await handled(5);
    await eventually("all that is behind it waits", async () => (await parked())[0]?.sequences.length === 3);
    await eventually("it is a dead letter", async () => (await parked())[0]?.state === "dead");
    const before = await parked();
    const { rows } = await world.owner.query(
      `select n.sequence::int from orders.event_log l join orders.event_log_numbers n using (position)
       where l.stream = $1 and l.version > 1 order by l.version`,
      [stream],
    );
    expect(before).toMatchObject([{ state: "dead", sequences: rows.map(({ sequence }) => sequence) }]);
    await forgetEffects();
    await replay(node, { from: 0 });
    await handled(5);
    await nothingElse(5);
    expect(await parked()).toEqual(before);
    broken = false;
    const [letter] = before;
    await node.broker.call("delivery.deadLetters.redrive", { id: letter?.id }, { meta: { identity: operator } });
    await handled(8);
    await nothingElse(8);
    const own = (await world.effects()).filter((effect) => effect.stream === stream);
    expect(own.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
  });

  test("one that fails in front of a dead letter is kept in front of it", async () => {
    let broken = 2;
    const stream = newId();
    world.onEvent = (event) => {
      if (event.version === broken) throw new Error(`not number ${broken}`);
    };
    const node = await world.start({ retries: impatient });
    for (let i = 0; i < 3; i++) await world.append(node, [stream]);
    await eventually("all wait", async () => (await parked())[0]?.sequences.length === 2);
    broken = 1;
    await replay(node, { from: 0 });
    await eventually("the first one waits as well", async () => (await parked())[0]?.sequences.length === 3);
    const [letter] = await parked();
    expect(letter).toMatchObject({ state: "dead", error: "Error: not number 1", sequences: [1, 2, 3] });
    await forgetEffects();
    broken = 0;
    await node.broker.call("delivery.deadLetters.redrive", { id: letter?.id }, { meta: { identity: operator } });
    await handled(3);
    expect((await world.effects()).map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  test("whoever knows a cursor from before it was set back is refused, though it stands where it stood", async () => {
    const node = await world.start();
    const stream = newId();
    await world.append(node, [stream]);
    await handled(1);
    const consumer = consumerOf(node);
    const [event] = await node.broker.call<never[], object>("orders.log.read", { after: 0, limit: 1 });
    await world.owner.query("update delivery.subscription_cursors set generation = generation + 1");
    const next = { ...(event as unknown as { sequence: number }), id: newId(), sequence: 2, version: 2 } as never;
    await expect(consumer.accept({ events: [next] })).rejects.toMatchObject({ name: "Fenced" });
    await consumer.accept({ events: [next] });
    await nothingElse(2);
  });

  test("a node that is handed what it has seen finds out that the cursor was set back elsewhere", async () => {
    const node = await world.start();
    const stream = newId();
    await world.append(node, [stream]);
    await handled(1);
    const events = await node.broker.call<never[], object>("orders.log.read", { after: 0, limit: 1 });
    await consumerOf(node).accept({ events });
    await nothingElse(1);
    await world.owner.query(
      `update delivery.subscription_cursors set sequence = 0, generation = generation + 1, replayed_until = 1, replayed_for = '{*}'`,
    );
    // Refused first: what it is handed need not begin where the cursor stands now.
    await expect(consumerOf(node).accept({ events })).rejects.toMatchObject({ name: "Fenced" });
    await consumerOf(node).accept({ events });
    await nothingElse(2);
  });

  test("the list says how far a subscription is, and what lies behind it", async () => {
    const node = await world.start();
    const streams = Array.from({ length: 10 }, () => newId());
    await world.append(node, streams);
    await handled(10);
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    world.onEvent = () => gate;
    await replay(node, { from: 0 });
    const [state] = await list(node);
    expect(state).toMatchObject({
      domain: "delivery",
      channel: "orders",
      positions: [0, 0, 0, 0, 0, 0, 0, 0],
      behind: { events: 10, seconds: expect.any(Number) },
      parked: { retrying: 0, dead: 0 },
      replayingUntil: 10,
    });
    open();
    await handled(20);
    const after = await eventually("it has caught up", async () => {
      const [now] = await list(node);
      return now?.behind?.events === 0 ? now : undefined;
    });
    expect(after.replayingUntil).toBeUndefined();
    expect(Math.max(...after.positions)).toBe(10);
  });

  async function parked(): Promise<{ id: string; state: string; error: string; sequences: number[] }[]> {
    const { rows } = await world.owner.query(
      `select id, state, error,
         (select array_agg(sequence::int order by sequence) from delivery.parked_events e where e.parked = p.id) as sequences
       from delivery.parked_streams p`,
    );
    return rows;
  }
});

function consumerOf(node: Node): Consumer {
  const service = node.broker.getLocalService("delivery") as unknown as { consumers: Map<string, Consumer> };
  return service.consumers.get("orders") as Consumer;
}
