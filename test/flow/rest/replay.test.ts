import type { ServiceName } from "../../../platform/config.ts";
import { type Client, orderBody } from "../../support/client.ts";
import { placeMany } from "../../support/load.ts";
import { onHand } from "../../support/oracle.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { confirmedOrder, deadLetter } from "../../support/samples.ts";
import { expectSound } from "../../support/sound.ts";
import { rowCounts } from "../../support/tables.ts";
import { eventually, pause } from "../../support/waiting.ts";
import { answer, Receiver } from "../../support/webhook-receiver.ts";
import { addWebhook } from "../../support/webhooks.ts";

jest.setTimeout(120_000);

interface Subscription {
  readonly domain: string;
  readonly channel: string;
  readonly positions: number[];
  readonly behind?: { readonly events: number };
  readonly replayingUntil?: number;
}

describe("subscriptions and replays over REST", () => {
  let platform: TestPlatform;
  let operator: Client;
  afterEach(async () => {
    await platform.stop();
  });
  const given = async (env: Record<string, string> = {}) => {
    platform = await startPlatform(env);
    operator = await platform.client("demo-operator");
  };

  const subscriptions = async (client = operator): Promise<Subscription[]> =>
    (await client.get("/api/v1/admin/subscriptions")).body.items;
  const caughtUp = () =>
    eventually(
      "nothing lies behind anybody",
      async () =>
        (await subscriptions()).every(({ behind, replayingUntil }) => behind?.events === 0 && !replayingUntil),
      60_000,
    );
  const replay = ({ domain, channel }: Pick<Subscription, "domain" | "channel">, body: object, key?: string) =>
    operator.post(`/api/v1/admin/subscriptions/${domain}/${channel}/replay`, body, key);
  /** Everything that the domains keep and that could tell a second effect from none, text for text. */
  const traces = async () => {
    const tables = {
      orders: "select * from orders.orders order by id",
      histories: "select * from orders.event_log order by position",
      stock: "select * from inventory.stock order by tenant, sku",
      reservations: "select * from inventory.reservations order by tenant, reference",
      trail: "select * from inventory.stock_transactions order by position",
      payments: "select * from payments.payments order by id",
      entries: "select * from payments.entries order by id",
      shipments: "select * from delivery.shipments order by id",
      steps: "select * from delivery.shipment_trail order by position",
      messages: "select * from notifications.messages order by id",
      notices: "select * from notifications.notices order by id",
      sent: "select * from notifications.sandbox_messages order by id",
    };
    const found: Record<string, string> = {};
    for (const [name, sql] of Object.entries(tables))
      found[name] = JSON.stringify((await platform.owner.query(sql)).rows);
    return found;
  };

  test("every channel replayed to every subscription changes nothing, of orders that ended in every way", async () => {
    await given({ CARRIER_PICKUP_MS: "150", CARRIER_DELIVERY_MS: "50" });
    const initial = await onHand(platform.owner);
    const shop = await platform.client("demo-shop");
    // An endpoint is disabled on the way, and its tenant told.
    const receiver = await Receiver.start();
    receiver.answering = answer(410);
    await addWebhook(operator, receiver);
    await operator.put("/api/v1/notifications/settings", { contactEmail: "shop@example.com" });
    const tokens = ["pm_card_visa", "pm_card_visa_chargeDeclined", "pm_card_visa"];
    const acme = await platform.client("acme-shop");
    const [first, second] = await Promise.all([
      placeMany({
        client: shop,
        count: 80,
        inFlight: 8,
        keyPrefix: "replayed",
        body: (n) => orderBody({ paymentToken: tokens[n % tokens.length], customer: { email: "ada@example.com" } }),
      }),
      placeMany({ client: acme, count: 20, inFlight: 4, keyPrefix: "theirs" }),
    ]);
    expect([...first.refused, ...second.refused]).toEqual([]);
    // Some are cancelled at whatever they have come to.
    await Promise.all(
      first.accepted
        .filter((_, n) => n % 4 === 0)
        .map(async ({ id }, n) => {
          await pause(n * 5);
          expect([200, 409]).toContain((await shop.post(`/api/v1/orders/${id}/cancel`)).status);
        }),
    );
    const atRest = (what: string) =>
      eventually(what, async () => {
        const { rows } = await platform.owner.query(`select
        (select count(*)::int from orders.orders where status not in ('DELIVERED', 'CANCELLED'))
        + (select count(*)::int from payments.payments where status = 'AUTHORISED')
        + (select count(*)::int from notifications.messages where state = 'PENDING')
        + (select 1 - count(*)::int from notifications.notices where state = 'SENT') as open`);
        return rows[0].open === 0;
      });
    await atRest("every order is at its end");
    await receiver.close();
    await caughtUp();
    await atRest("what was recorded last is sent");
    const ends = await platform.owner.query(
      "select status, state -> 'cancellation' ->> 'code' as code, count(*)::int from orders.orders group by 1, 2 order by 3",
    );
    expect(ends.rows.map(({ status, code }) => [status, code])).toEqual(
      expect.arrayContaining([
        ["DELIVERED", null],
        ["CANCELLED", "PAYMENT_DECLINED"],
        ["CANCELLED", "CUSTOMER_REQUEST"],
      ]),
    );
    const before = { counts: await rowCounts(platform.owner), traces: await traces() };
    const accepted = [...first.accepted, ...second.accepted];
    await expectSound(platform.owner, accepted, initial);

    const all = await subscriptions();
    expect(all.map(({ domain, channel }) => `${domain} ${channel}`)).toEqual([
      "delivery orders",
      "inventory delivery",
      "notifications orders",
      "notifications webhooks",
      "orders delivery",
      "orders orders",
      "webhooks orders",
    ]);
    const generations = async () => {
      const { rows } = await platform.owner.query(
        `select sum(generation)::int as sum from (${["orders", "delivery", "inventory", "notifications", "webhooks"]
          .map((domain) => `select generation from ${domain}.subscription_cursors`)
          .join(" union all ")}) all_of_them`,
      );
      return rows[0].sum;
    };
    expect(await generations()).toBe(0);
    // A partition may have seen nothing that its subscription handles, and then it has no cursor.
    let cursors = 0;
    for (const subscription of all) {
      const { domain, channel } = subscription;
      const { rows } = await platform.owner.query(
        `select count(*)::int as partitions from ${domain}.subscription_cursors where subscription = $1 and sequence > 0`,
        [channel],
      );
      const [{ partitions }] = rows;
      expect(partitions).toBeGreaterThan(0);
      cursors += partitions;
      const answer = await replay(subscription, { from: 0 });
      expect([answer.status, answer.body]).toEqual([200, { domain, channel, from: 0, partitions }]);
    }
    await caughtUp();
    // And by the operators of the platform, for all tenants.
    for (const { domain, channel } of all) {
      await platform
        .node(domain as ServiceName)
        .call(
          `${domain}.subscriptions.replay`,
          { channel, from: 0 },
          { meta: { identity: { tenant: "*", client: "operator:test", scopes: ["admin"] } } },
        );
    }
    await caughtUp();
    expect(await generations()).toBe(2 * cursors);
    await pause(1_000);
    expect(await rowCounts(platform.owner)).toEqual(before.counts);
    expect(await traces()).toEqual(before.traces);
    await expectSound(platform.owner, accepted, initial);
  });

  test("makes up for an effect that was lost, for one's own tenant alone", async () => {
    await given({ CARRIER: "manual" });
    const acme = await platform.client("acme-operator");
    const [own, other] = [await confirmedOrder(operator), await confirmedOrder(acme)];
    const told = async (id: string) =>
      (await platform.owner.query("select from notifications.messages where order_id = $1", [id])).rowCount;
    await eventually("both were told", async () => (await told(own.id)) === 2 && (await told(other.id)) === 2);
    // As after a backup of one domain was brought back that is older than those of the others.
    await platform.owner.query("delete from notifications.messages");
    const subscription = { domain: "notifications", channel: "orders" };
    const answer = await replay(subscription, { from: 0 }, "replay-once");
    expect(answer.status).toBe(200);
    await eventually("the own one is told", async () => (await told(own.id)) === 2);
    await caughtUp();
    expect(await told(other.id)).toBe(0);
    await platform.owner.query("delete from notifications.messages");
    const again = await replay(subscription, { from: 0 }, "replay-once");
    expect([again.status, again.text, again.headers["idempotency-replayed"]]).toEqual([200, answer.text, "true"]);
    await pause(300);
    expect(await told(own.id)).toBe(0);
    expectProblem(await replay(subscription, { from: 1 }, "replay-once"), 422, "IDEMPOTENCY_KEY_REUSED");
    // Who it is for is said once more: a time, of the other tenant.
    const { status } = await acme.post("/api/v1/admin/subscriptions/notifications/orders/replay", {
      at: "2020-01-01T00:00:00Z",
    });
    expect(status).toBe(200);
    await eventually("the other one is told", async () => (await told(other.id)) === 2);
    expect(await told(own.id)).toBe(0);
  });

  test("a subscription is shown by its name, and pages go on where the last one ended", async () => {
    await given({ CARRIER: "manual" });
    await deadLetter(platform);
    await deadLetter(platform, "acme");
    const one = await operator.get("/api/v1/admin/subscriptions/inventory/delivery");
    expect([one.status, one.body]).toEqual([
      200,
      {
        ...{ domain: "inventory", channel: "delivery", positions: Array(8).fill(0) },
        ...{ behind: { events: 0, seconds: 0 }, parked: { retrying: 0, dead: 1 } },
      },
    ]);
    const paged: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await operator.get(`/api/v1/admin/subscriptions?limit=2${cursor && `&cursor=${cursor}`}`);
      paged.push(...body.items.map(({ domain, channel }: Subscription) => `${domain} ${channel}`));
      cursor = body.nextCursor;
    }
    expect(paged).toHaveLength(7);
    expect(paged).toEqual([...paged].sort());
    for (const name of [
      "inventory/orders",
      "payments/orders",
      "nobody/orders",
      "inventory/%00",
      "Inventory/delivery",
    ]) {
      expectProblem(await operator.get(`/api/v1/admin/subscriptions/${name}`), 404, "NOT_FOUND");
      // Whatever the body is.
      for (const body of [{ from: 0 }, { nope: 1 }, {}])
        expectProblem(await operator.post(`/api/v1/admin/subscriptions/${name}/replay`, body), 404, "NOT_FOUND");
    }
  });

  test("what asks for no place, for two, or for one ahead is refused", async () => {
    await given({ CARRIER: "manual" });
    await confirmedOrder(operator);
    const subscription = { domain: "delivery", channel: "orders" };
    await caughtUp();
    for (const body of [{}, { from: 0, at: "2026-01-01T00:00:00Z" }, { from: -1 }, { from: "0" }])
      expect(expectProblem(await replay(subscription, body), 422, "VALIDATION_FAILED")).toContain("/from");
    expect(expectProblem(await replay(subscription, { at: "noon" }), 422, "VALIDATION_FAILED")).toContain("/at");
    expectProblem(await replay(subscription, { from: 1_000_000 }), 409, "CONFLICT");
    expectProblem(await replay(subscription, { at: "2100-01-01T00:00:00Z" }), 409, "CONFLICT");
    const shop = await platform.client("demo-shop");
    expectProblem(await shop.post("/api/v1/admin/subscriptions/delivery/orders/replay", { from: 0 }), 403, "FORBIDDEN");
  });

  test("all dead letters of a tenant are redriven at once, or those of one subscription, and none of another's", async () => {
    await given({ CARRIER: "manual" });
    const states = async () =>
      (
        await platform.owner.query(
          "select tenant, state, count(*)::int from inventory.parked_streams where attempts > 0 or state = 'dead' group by 1, 2 order by 1, 2",
        )
      ).rows.map(({ tenant, state, count }) => `${tenant} ${state} ${count}`);
    for (let n = 0; n < 3; n++) await deadLetter(platform);
    await deadLetter(platform, "acme");
    const path = "/api/v1/admin/dead-letters/redrive";
    for (const body of [{ channel: "orders" }, { domain: "orders" }, { domain: "inventory", channel: "orders" }])
      expect((await operator.post(path, body)).body).toEqual({ redriven: 0 });
    expect(await states()).toEqual(["acme dead 1", "demo dead 3"]);
    const redriven = await operator.post(path, { domain: "inventory", channel: "delivery" }, "all-of-them");
    expect([redriven.status, redriven.body]).toEqual([200, { redriven: 3 }]);
    // Their order is not there, so that each fails again.
    await eventually("they are tried", async () => (await states()).includes("demo retrying 3"));
    expect(await states()).toContain("acme dead 1");
    await platform.owner.query("update inventory.parked_streams set state = 'dead' where tenant = 'demo'");
    const again = await operator.post(path, { domain: "inventory", channel: "delivery" }, "all-of-them");
    expect([again.text, again.headers["idempotency-replayed"]]).toEqual([redriven.text, "true"]);
    expectProblem(await operator.post(path, { domain: "orders" }, "all-of-them"), 422, "IDEMPOTENCY_KEY_REUSED");
    expect((await operator.post(path)).body).toEqual({ redriven: 3 });
    expect(expectProblem(await operator.post(path, { domain: 5 }), 422, "VALIDATION_FAILED")).toContain("/domain");
  });
});
