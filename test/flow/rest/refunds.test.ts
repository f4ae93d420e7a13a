import { newId } from "../../../platform/ids.ts";
import type { Client } from "../../support/client.ts";
import { Feed } from "../../support/feed.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { paidOrder, refund } from "../../support/refunds.ts";
import { expectSound } from "../../support/sound.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const TYPE = "orders.refunded.v1";

describe("a refund", () => {
  const internal = { meta: { identity: { tenant: "*", client: "service:orders", scopes: [] } } };
  let platform: TestPlatform;
  let shop: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    shop = await platform.client("demo-shop");
  });
  afterEach(async () => {
    Feed.closeAll();
    await allTold();
    await expectSound(platform.owner, [], new Map());
  });
  afterAll(async () => {
    await platform.stop();
  });

  const order = async (id: string) => (await shop.get(`/api/v1/orders/${id}`)).body;
  const refundsOf = async (id: string) => {
    const { items } = (await shop.get(`/api/v1/orders/${id}/history?limit=100`)).body;
    return items.filter(({ type }: { type: string }) => type === TYPE);
  };
  const isRefunded = (id: string, amount: number) =>
    eventually(`${amount} is refunded`, async () => {
      const found = await order(id);
      return found.payment.refunded.amount === amount && found;
    });
  const metricIs = (value: number) =>
    eventually(`the metric is ${value}`, async () =>
      (await shop.get("/metrics")).text.includes(`waybill_refunds_untold{domain="payments"} ${value}\n`),
    );
  const untold = async () => (await platform.owner.query("select data, attempts from payments.untold_refunds")).rows;
  const allTold = () => eventually("all refunds are told of", async () => (await untold()).length === 0);

  test("of a part and then of the rest comes into the order's stream, its history and its live feed", async () => {
    const paid = await paidOrder(shop);
    const feed = await Feed.open(platform.url, `/api/v1/orders/${paid.id}/events`, {
      authorization: `Bearer ${shop.token}`,
    });
    await eventually("the feed has begun", () => feed.comments.length > 0);
    const [total, currency] = [paid.total.amount, paid.total.currency];
    await refund(platform, paid.id, 100, "part");
    const partly = await isRefunded(paid.id, 100);
    expect(partly).toMatchObject({
      status: "DELIVERED",
      version: paid.version + 1,
      payment: { status: "PARTIALLY_REFUNDED", captured: paid.total, refunded: { amount: 100, currency } },
    });
    await refund(platform, paid.id, total - 100, "rest");
    expect(await isRefunded(paid.id, total)).toMatchObject({
      status: "DELIVERED",
      version: paid.version + 2,
      payment: { status: "REFUNDED" },
    });

    const entries = await refundsOf(paid.id);
    const common = { currency, paymentId: paid.payment.id };
    expect(entries).toMatchObject([
      { version: paid.version + 1, data: { ...common, amount: 100, refunded: 100, operationId: `${paid.id}:part` } },
      { version: paid.version + 2, data: { ...common, amount: total - 100, refunded: total } },
    ]);
    expect(entries.map(({ actor }: { actor: string }) => actor)).toEqual(["service:orders", "service:orders"]);
    // What happened before may be numbered, and so told, after the feed has begun.
    const fed = () => feed.events.filter(({ type }) => type === TYPE).map(({ data }) => data);
    await eventually("the feed has both", () => fed().length >= 2);
    expect(fed()).toEqual(entries.map(({ actor: _, ...shown }: { actor: string }) => shown));
    expect((await shop.get(`/api/v1/orders/${paid.id}?version=${paid.version + 1}`)).body).toEqual(partly);
    expect(await platform.node("orders").call("orders.rebuildProjection", {}, internal)).toMatchObject({ changed: 0 });
  });

  test("that is asked for again, or told again, is one event", async () => {
    const { id } = await paidOrder(shop);
    await Promise.all([refund(platform, id, 100, "once"), refund(platform, id, 100, "once")]);
    await isRefunded(id, 100);
    await allTold();
    // As if a node had told the order of it, and died before it could say so.
    const tellAgain = () =>
      platform.owner.query(
        `insert into payments.untold_refunds (stream, version, id, tenant, data, meta, due_at)
         select stream, version, id, tenant, data, meta, at from payments.event_log
         where type = 'payments.refunded.v1' and data ->> 'orderId' = $1`,
        [id],
      );
    expect((await tellAgain()).rowCount).toBe(1);
    await allTold();
    await refund(platform, id, 50, "another");
    await isRefunded(id, 150);
    await allTold();
    expect((await tellAgain()).rowCount).toBe(2);
    await allTold();
    expect((await refundsOf(id)).map(({ data }: { data: { amount: number } }) => data.amount)).toEqual([100, 50]);
  });

  test("among many of many orders at once is told in its payment's order", async () => {
    const orders = await Promise.all(Array.from({ length: 6 }, () => paidOrder(shop)));
    const inParts = async (id: string) => {
      for (let n = 0; n < 5; n++) await refund(platform, id, 10 + n, `${n}`);
    };
    await Promise.all(orders.map(({ id }) => inParts(id)));
    for (const { id, version } of orders) {
      await isRefunded(id, 60);
      const entries = await refundsOf(id);
      expect(entries.map((entry: { version: number }) => entry.version)).toEqual(
        [1, 2, 3, 4, 5].map((n) => version + n),
      );
      let sum = 0;
      const sums = entries.map(({ data }: { data: { amount: number } }) => (sum += data.amount));
      expect(entries.map(({ data }: { data: { refunded: number } }) => data.refunded)).toEqual(sums);
      const versions = entries.map(({ data }: { data: { paymentVersion: number } }) => data.paymentVersion);
      expect(versions).toEqual(versions.toSorted((a: number, b: number) => a - b));
    }
  });

  test("that the order cannot take yet is told again until it can, and others do not wait for it", async () => {
    const [late, other] = await Promise.all([paidOrder(shop), paidOrder(shop)]);
    const captured = (amount: number) =>
      platform.owner.query(
        "update orders.orders set state = jsonb_set(state, '{payment,captured}', to_jsonb($2::int)) where id = $1",
        [late.id, amount],
      );
    await captured(0);
    await refund(platform, late.id, 100, "early");
    await refund(platform, late.id, 20, "second");
    await refund(platform, other.id, 30, "other");
    await isRefunded(other.id, 30);
    await eventually("it was told in vain", async () => (await untold()).some(({ attempts }) => attempts >= 2));
    expect(await refundsOf(late.id)).toEqual([]);
    await metricIs(2);
    await captured(late.total.amount);
    await isRefunded(late.id, 120);
    expect((await refundsOf(late.id)).map(({ data }: { data: { amount: number } }) => data.amount)).toEqual([100, 20]);
    await metricIs(0);
  });

  test("of an order of another tenant, or of none, is not recorded", async () => {
    const { id, payment } = await paidOrder(shop);
    const told = {
      ...{ tenant: "acme", orderId: id, paymentId: payment.id, paymentVersion: 9, operationId: "x", amount: 1 },
      ...{ currency: "EUR", eventId: newId(), actor: "test" },
    };
    const params = { refunds: [told, { ...told, tenant: "demo", orderId: newId() }] };
    expect(await platform.node("orders").call("orders.recordRefunds", params, internal)).toEqual(
      params.refunds.map(({ orderId }) => ({ orderId, recorded: false })),
    );
    expect(await refundsOf(id)).toEqual([]);
  });

  test("leaves no trace of itself in an order that has none", async () => {
    const { id, payment } = await paidOrder(shop);
    expect((await untold()).filter(({ data }) => data.orderId === id)).toEqual([]);
    expect(payment.refunded.amount).toBe(0);
  });
});
