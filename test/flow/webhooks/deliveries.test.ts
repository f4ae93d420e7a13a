import type { Client } from "../../support/client.ts";
import type { TestPlatform } from "../../support/platform.ts";
import { refund } from "../../support/refunds.ts";
import { eventually } from "../../support/waiting.ts";
import { type Answering, answer, isSignedBy, OK, Receiver } from "../../support/webhook-receiver.ts";
import { addWebhook, endedOrders, givenWebhooks, settled, versions, versionsOf } from "../../support/webhooks.ts";

jest.setTimeout(60_000);

let platform: TestPlatform;
let shop: Client;
let operator: Client;
let receiver: Receiver;
givenWebhooks((given) => {
  ({ platform, shop, operator, receiver } = given);
});

/** Answers the first calls otherwise, and then well. */
function first(count: number, otherwise: Answering): Answering {
  let calls = 0;
  return (...call) => (calls++ < count ? otherwise : OK)(...call);
}

describe("what a receiver is sent", () => {
  test("every public event once, signed, as the live feed has it, in the order's sequence", async () => {
    const { id, secret } = await addWebhook(operator, receiver);
    const [order] = await endedOrders(shop, 1);
    await settled(operator, id);
    expect(receiver.journal.map(({ payload }) => payload.data.id)).toEqual(order?.events.map((event) => event.id));
    for (const call of receiver.journal) {
      expect(isSignedBy(secret, call)).toBe(true);
      const { type, timestamp, data } = call.payload;
      expect(Object.keys(call.payload)).toEqual(["type", "timestamp", "data"]);
      expect(Object.keys(data)).toEqual(["id", "type", "orderId", "number", "version", "at", "data"]);
      expect([data.type, data.at]).toEqual([type, timestamp]);
    }
    expect(new Set(receiver.journal.map((call) => call.id)).size).toBe(order?.events.length);
  });

  test("the types alone that it wants, and nothing of another tenant's", async () => {
    const others = await Receiver.start();
    const acme = await platform.client("acme-operator");
    const theirs = await addWebhook(acme, others);
    const { id } = await addWebhook(operator, receiver, { events: ["orders.placed.v1", "orders.delivered.v1"] });
    await endedOrders(shop, 2);
    await settled(operator, id);
    expect(receiver.journal.map(({ payload }) => payload.type).sort()).toEqual([
      ...["orders.delivered.v1", "orders.delivered.v1", "orders.placed.v1", "orders.placed.v1"],
    ]);
    expect(others.journal).toEqual([]);
    await acme.send("DELETE", `/api/v1/webhooks/${theirs.id}`);
    await others.close();
  });

  test("each refund once, as its order has it", async () => {
    const { id } = await addWebhook(operator, receiver, { events: ["orders.refunded.v1"] });
    const [order] = await endedOrders(shop, 1);
    const orderId = order?.id as string;
    await refund(platform, orderId, 100, "part");
    await refund(platform, orderId, 50, "another");
    await refund(platform, orderId, 50, "another");
    await eventually("both have come", () => receiver.taken.length === 2);
    await settled(operator, id);
    const { items } = (await shop.get(`/api/v1/orders/${orderId}/history?limit=100`)).body;
    const shown = items.slice(-2).map(({ actor: _, ...event }: { actor: string }) => event);
    expect(receiver.journal.map(({ payload }) => payload.data)).toEqual(shown);
    expect(shown.map(({ data }: { data: object }) => data)).toMatchObject([
      { amount: 100, refunded: 100, currency: "EUR" },
      { amount: 50, refunded: 150, currency: "EUR" },
    ]);
  });

  test("nothing of what had happened before it was added, or while it was disabled", async () => {
    await endedOrders(shop, 1);
    const { id } = await addWebhook(operator, receiver);
    await operator.put(`/api/v1/webhooks/${id}`, { enabled: false });
    await endedOrders(shop, 1);
    await operator.put(`/api/v1/webhooks/${id}`, { enabled: true });
    const [order] = await endedOrders(shop, 1);
    await settled(operator, id);
    expect(receiver.journal.map(({ payload }) => payload.data.id)).toEqual(order?.events.map((event) => event.id));
  });
});

describe("a receiver that", () => {
  test.each<[string, Answering]>([
    ["answers 500", answer(500)],
    ["answers 404", answer(404)],
    ["answers 302", answer(302, { location: "http://127.0.0.1:1/" })],
    ["closes at once", (res) => res.destroy()],
    [
      "closes in mid-body",
      (res) => {
        res.writeHead(200, { "content-length": "100" }).write("half");
        setImmediate(() => res.destroy());
      },
    ],
    ["speaks no HTTP", (res) => res.socket?.end("what?\r\n\r\n")],
  ])("%s for a while gets everything in the end, in sequence, under the same ids", async (_what, otherwise) => {
    receiver.answering = first(7, otherwise);
    const { id } = await addWebhook(operator, receiver);
    const orders = await endedOrders(shop, 2);
    await settled(operator, id);
    for (const order of orders) expect(versionsOf(receiver, order.id)).toEqual(versions(order));
    expect(receiver.taken).toHaveLength(orders.flatMap(({ events }) => events).length);
    expect(receiver.journal.length).toBe(receiver.taken.length + 7);
  });

  test("is away for a while gets everything in the end", async () => {
    const { id } = await addWebhook(operator, receiver);
    await receiver.close();
    const orders = await endedOrders(shop, 3);
    await receiver.listen();
    await settled(operator, id);
    for (const order of orders) expect(versionsOf(receiver, order.id)).toEqual(versions(order));
  });

  test("answers without end is not read to it, and counts by its status", async () => {
    receiver.answering = (res) => {
      res.writeHead(200);
      const more = () => {
        while (!res.destroyed && res.write(Buffer.alloc(4_096, "x")));
        res.once("drain", more);
      };
      more();
    };
    const { id } = await addWebhook(operator, receiver, { events: ["orders.placed.v1"] });
    await endedOrders(shop, 1);
    await settled(operator, id);
    const { items } = (await operator.get(`/api/v1/webhooks/${id}/deliveries`)).body;
    const { body } = await operator.get(`/api/v1/webhooks/${id}/deliveries/${items[0].id}`);
    expect(body).toMatchObject({ state: "DELIVERED", attempts: 1 });
    expect(body.calls[0].response.body).toBe("x".repeat(1_024));
  });

  test("fails for one order is sent the others' events meanwhile, and none of that order's later ones", async () => {
    const { id } = await addWebhook(operator, receiver);
    let failing: string | undefined;
    let open = false;
    receiver.answering = (res, received, req) => {
      failing ??= received.payload.data.orderId;
      const isOther = open || received.payload.data.orderId !== failing;
      (isOther ? OK : answer(503))(res, received, req);
    };
    const orders = await endedOrders(shop, 2);
    const other = orders.find((order) => order.id !== failing);
    await eventually("the other order's events have come", () => {
      return other && versionsOf(receiver, other.id).length === other.events.length;
    });
    expect(new Set(versionsOf(receiver, failing as string))).toEqual(new Set([1]));
    open = true;
    await settled(operator, id);
    for (const order of orders) expect(versionsOf(receiver, order.id)).toEqual(versions(order));
  });

  test("answers 410 is disabled at once, with a notice, and its history says so", async () => {
    receiver.answering = answer(410);
    const { id } = await addWebhook(operator, receiver);
    await endedOrders(shop, 1);
    const body = await eventually("it is disabled", async () => {
      const { body } = await operator.get(`/api/v1/webhooks/${id}`);
      return body.enabled ? undefined : body;
    });
    expect(body).toMatchObject({ disabledReason: "GONE", disabledAt: expect.any(String) });
    const { rows } = await platform.owner.query("select type, tenant, data from webhooks.event_log where stream = $1", [
      id,
    ]);
    expect(rows).toEqual([
      { type: "webhooks.endpoint_disabled.v1", tenant: "demo", data: { endpointId: id, reason: "GONE" } },
    ]);
    const { items } = (await operator.get(`/api/v1/webhooks/${id}/deliveries?state=FAILED`)).body;
    expect(items).toEqual([expect.objectContaining({ type: "orders.placed.v1", attempts: 1 })]);
  });

  test("has failed for five days is disabled, with a notice", async () => {
    receiver.answering = answer(500);
    const { id } = await addWebhook(operator, receiver);
    await endedOrders(shop, 1);
    await eventually("it fails", async () => (await operator.get(`/api/v1/webhooks/${id}`)).body.failingSince);
    await platform.owner.query(
      "update webhooks.endpoints set failing_since = now() - interval '5 days' where id = $1",
      [id],
    );
    await eventually("it is disabled", async () => !(await operator.get(`/api/v1/webhooks/${id}`)).body.enabled);
    const { rows } = await platform.owner.query("select data from webhooks.event_log where stream = $1", [id]);
    expect(rows).toEqual([{ data: { endpointId: id, reason: "FAILING", failingSince: expect.any(String) } }]);
    receiver.answering = OK;
    await operator.put(`/api/v1/webhooks/${id}`, { enabled: true });
    await settled(operator, id);
    expect((await operator.get(`/api/v1/webhooks/${id}`)).body).not.toHaveProperty("failingSince");
  });
});

describe("a receiver that says when to come again", () => {
  const DAY_MS = 86_400_000;
  const busy = (retryAfter: string) => answer(503, { "retry-after": retryAfter });
  const newest = async (id: string) => (await operator.get(`/api/v1/webhooks/${id}/deliveries`)).body.items[0];
  const tried = (id: string) =>
    eventually("it was tried", async () => {
      const delivery = await newest(id);
      return delivery?.attempts === 1 && delivery.state === "PENDING" ? delivery : undefined;
    });

  test.each<[string, () => string, number]>([
    ["in seconds", () => "3600", 3_600_000],
    ["by a date", () => new Date(Date.now() + 3_600_000).toUTCString(), 3_600_000],
    ["in a thousand years: after a day", () => "31536000000", DAY_MS],
  ])("%s is taken at its word", async (_what, retryAfter, expected) => {
    receiver.answering = (...call) => busy(retryAfter())(...call);
    const { id } = await addWebhook(operator, receiver, { events: ["orders.placed.v1"] });
    await endedOrders(shop, 1);
    const { id: deliveryId, dueAt } = await tried(id);
    const { calls } = (await operator.get(`/api/v1/webhooks/${id}/deliveries/${deliveryId}`)).body;
    const waits = Date.parse(dueAt) - Date.parse(calls[0].at);
    // A date has whole seconds.
    expect([waits >= expected - 1_000, waits <= expected + 30_000]).toEqual([true, true]);
  });

  test("keeps what it has answered so back while it answers others, until it is replayed", async () => {
    receiver.answering = first(1, busy("3600"));
    const { id } = await addWebhook(operator, receiver, { events: ["orders.placed.v1"] });
    await endedOrders(shop, 1);
    const { id: deliveryId } = await tried(id);
    await platform.owner.query("update webhooks.endpoints set recovered_at = now() where id = $1", [id]);
    await endedOrders(shop, 1);
    await eventually("the other one was taken", async () => (await newest(id)).state === "DELIVERED");
    expect(receiver.journal.filter((call) => call.id === deliveryId)).toHaveLength(1);
    await operator.post(`/api/v1/webhooks/${id}/deliveries/${deliveryId}/replay`, {});
    await settled(operator, id);
    expect(receiver.journal.filter((call) => call.id === deliveryId)).toHaveLength(2);
  });

  test("is left alone as a whole when it has failed again and again", async () => {
    receiver.answering = busy("3600");
    const { id } = await addWebhook(operator, receiver, { events: ["orders.placed.v1"] });
    await endedOrders(shop, 6);
    const [row] = await eventually("it is broken", async () => {
      const { rows } = await platform.owner.query(
        "select probe_at > now() + interval '50 minutes' as rests from webhooks.endpoints where id = $1 and failures >= 5",
        [id],
      );
      return rows.length > 0 ? rows : undefined;
    });
    expect(row.rests).toBe(true);
  });
});

describe("a broken receiver", () => {
  test("is asked by one call at a time, and gets what was waiting when it answers", async () => {
    let atOnce = 0;
    let most = 0;
    let calls = 0;
    receiver.answering = (res) => {
      calls++;
      atOnce++;
      most = Math.max(most, atOnce);
      setTimeout(() => {
        atOnce--;
        res.writeHead(500).end();
      }, 20);
    };
    const { id } = await addWebhook(operator, receiver);
    const orders = await endedOrders(shop, 8);
    await eventually("it is broken", async () => {
      const { rows } = await platform.owner.query("select failures from webhooks.endpoints where id = $1", [id]);
      return rows[0].failures >= 5 && atOnce === 0;
    });
    [most, calls] = [0, 0];
    await eventually("it was asked again", () => calls >= 3);
    expect(most).toBe(1);
    receiver.answering = OK;
    await settled(operator, id);
    for (const order of orders) expect(versionsOf(receiver, order.id)).toEqual(versions(order));
  });

  test("delays its own deliveries alone", async () => {
    const slow = await Receiver.start();
    const held: (() => void)[] = [];
    slow.answering = (res) => held.push(() => res.writeHead(204).end());
    await addWebhook(operator, slow);
    const { id } = await addWebhook(operator, receiver);
    const orders = await endedOrders(shop, 12);
    await settled(operator, id);
    for (const order of orders) expect(versionsOf(receiver, order.id)).toEqual(versions(order));
    // So many at a time of each node.
    expect(slow.journal.length).toBeLessThanOrEqual(8 * platform.nodes("webhooks").length);
    for (const go of held) go();
    slow.answering = OK;
    await slow.close();
  });
});

describe("a delivery that fails", () => {
  test("is tried again after pauses by how long it has failed, however often its endpoint has recovered meanwhile", async () => {
    receiver.answering = answer(500);
    const { id } = await addWebhook(operator, receiver, { events: ["orders.placed.v1"] });
    await endedOrders(shop, 1);
    const delivery = await eventually("it has had more attempts than are planned", async () => {
      // As if others of its deliveries had been answered well.
      await platform.owner.query("update webhooks.endpoints set recovered_at = now(), failures = 0 where id = $1", [
        id,
      ]);
      const { items } = (await operator.get(`/api/v1/webhooks/${id}/deliveries`)).body;
      return items[0]?.attempts > 11 ? items[0] : undefined;
    });
    expect(delivery.state).toBe("PENDING");
    // By their number it would be the last pause of all: almost three minutes at this pace.
    const { calls } = (await operator.get(`/api/v1/webhooks/${id}/deliveries/${delivery.id}`)).body;
    expect(Date.parse(delivery.dueAt) - Date.parse(calls.at(-1).at)).toBeLessThan(100_000);
  });

  test("has its three days anew when its endpoint is enabled after a long time", async () => {
    receiver.answering = answer(500);
    const { id } = await addWebhook(operator, receiver, { events: ["orders.placed.v1"] });
    await endedOrders(shop, 1);
    await eventually("it fails", async () => (await operator.get(`/api/v1/webhooks/${id}`)).body.failingSince);
    await operator.put(`/api/v1/webhooks/${id}`, { enabled: false });
    await platform.owner.query(
      "update webhooks.deliveries set failing_since = now() - interval '4 days' where endpoint_id = $1",
      [id],
    );
    const attempts = () => operator.get(`/api/v1/webhooks/${id}/deliveries`).then(({ body }) => body.items[0].attempts);
    const before = await attempts();
    await operator.put(`/api/v1/webhooks/${id}`, { enabled: true });
    await eventually("it was tried again", async () => (await attempts()) > before + 1);
    receiver.answering = OK;
    await settled(operator, id);
    const { items } = (await operator.get(`/api/v1/webhooks/${id}/deliveries`)).body;
    expect(items).toEqual([expect.objectContaining({ state: "DELIVERED" })]);
  });
});

describe("a delivery that has failed for good", () => {
  test("lets the later ones of its order go on, and fills the gap when it is replayed", async () => {
    const { id } = await addWebhook(operator, receiver);
    receiver.answering = (res, received, req) =>
      (received.payload.data.version === 2 ? answer(400) : OK)(res, received, req);
    const [order] = await endedOrders(shop, 1);
    await eventually("the second fails", async () => {
      const { rowCount } = await platform.owner.query(
        "update webhooks.deliveries set failing_since = now() - interval '4 days' where endpoint_id = $1 and version = 2 and failing_since is not null",
        [id],
      );
      return rowCount;
    });
    await settled(operator, id);
    const { items } = (await operator.get(`/api/v1/webhooks/${id}/deliveries?state=FAILED`)).body;
    expect(items).toEqual([expect.objectContaining({ version: 2, settledAt: expect.any(String) })]);
    expect(versionsOf(receiver, order?.id as string)).toEqual(versions(order as never));
    receiver.answering = OK;
    const before = receiver.journal.length;
    const replay = await operator.post(`/api/v1/webhooks/${id}/replay`, { state: "FAILED" });
    expect(replay.body).toEqual({ replayed: 1, more: false, nextCursor: null });
    await settled(operator, id);
    expect(receiver.journal.slice(before).map((call) => call.id)).toEqual([items[0].id]);
  });
});
