import { type Client, orderBody } from "../support/client.ts";
import { placeMany } from "../support/load.ts";
import { onHand } from "../support/oracle.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { isAtRest } from "../support/rest.ts";
import { expectSound } from "../support/sound.ts";
import { eventually } from "../support/waiting.ts";

jest.setTimeout(120_000);

describe("the platform's promises", () => {
  let platform: TestPlatform;
  let shop: Client;
  let initial: Map<string, number>;
  beforeEach(async () => {
    platform = await startPlatform();
    shop = await platform.client("demo-shop");
    initial = await onHand(platform.owner);
  });
  afterEach(async () => {
    await platform.stop();
  });

  const allAtTheirEnd = () =>
    eventually("every order is at its end, paid or not charged", () => isAtRest(platform.owner), 60_000);

  test("500 orders with 32 in flight are all delivered, and nothing contradicts it", async () => {
    const { accepted, refused } = await placeMany({ client: shop, count: 500, inFlight: 32, keyPrefix: "many" });
    expect(refused).toEqual([]);
    expect(new Set(accepted.map((order) => order.id)).size).toBe(500);
    expect(new Set(accepted.map((order) => order.number)).size).toBe(500);
    await allAtTheirEnd();
    const { rows } = await platform.owner.query(
      "select status, count(*)::int as count from orders.orders group by status",
    );
    expect(rows).toEqual([{ status: "DELIVERED", count: 500 }]);
    await expectSound(platform.owner, accepted, initial);
  });

  test("50 simultaneous requests with one key make one order and equal answers; another body is refused", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => shop.post("/api/v1/orders", orderBody(), "one-key")),
    );
    const made = answers.filter((answer) => answer.status === 201);
    const waiting = answers.filter((answer) => answer.status === 409);
    expect(made.length + waiting.length).toBe(50);
    expect(waiting.every((answer) => answer.body.code === "IDEMPOTENCY_KEY_IN_FLIGHT")).toBe(true);
    expect(new Set(made.map((answer) => answer.text)).size).toBe(1);
    expect(made.filter((answer) => answer.headers["idempotency-replayed"] === undefined)).toHaveLength(1);
    const other = await shop.post("/api/v1/orders", orderBody({ paymentToken: "pm_card_mastercard" }), "one-key");
    expect([other.status, other.body.code]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
    const { rows } = await platform.owner.query("select count(*)::int from orders.orders");
    expect(rows[0].count).toBe(1);
  });

  test("300 buyers of the last 40 pieces: 40 pieces in live orders, and the others are not charged", async () => {
    const operator = await platform.client("demo-operator");
    const sku = "SKU-COFFEE-1KG";
    await operator.put(`/api/v1/inventory/${sku}`, { onHand: 40 });
    const { accepted, refused } = await placeMany({
      client: shop,
      count: 300,
      inFlight: 300,
      keyPrefix: "last",
      body: (n) => orderBody({ items: [{ sku, quantity: 1 + (n % 2) }] }),
    });
    expect(refused.every(({ status, code }) => status === 409 && code === "OUT_OF_STOCK")).toBe(true);
    await allAtTheirEnd();
    const { rows } = await platform.owner.query(
      `select o.status, sum((l ->> 'quantity')::int)::int as pieces
       from orders.orders o join orders.order_details d on d.order_id = o.id, jsonb_array_elements(d.placed -> 'lines') l group by 1`,
    );
    const pieces = Object.fromEntries(rows.map((row) => [row.status, row.pieces]));
    expect(pieces.DELIVERED).toBe(40);
    const stock = await operator.get(`/api/v1/inventory/${sku}`);
    expect(stock.body).toMatchObject({ onHand: 0, reserved: 0, available: 0 });
    await expectSound(platform.owner, accepted, new Map([...initial, [`demo/${sku}`, 40]]));
    const losers = await platform.owner.query(
      `select count(*)::int from orders.orders o left join payments.payments p on p.order_id = o.id
       where o.status = 'CANCELLED' and (o.state -> 'cancellation' ->> 'code' <> 'OUT_OF_STOCK' or coalesce(p.authorised, 0) > 0)`,
    );
    expect(losers.rows[0].count).toBe(0);
  });

  test("what is cancelled is given back, and can be bought again", async () => {
    const operator = await platform.client("demo-operator");
    const sku = "SKU-COFFEE-1KG";
    await operator.put(`/api/v1/inventory/${sku}`, { onHand: 1 });
    const declined = await shop.post(
      "/api/v1/orders",
      orderBody({ paymentToken: "pm_card_visa_chargeDeclined" }),
      "declined",
    );
    await eventually(
      "it is cancelled",
      async () => (await shop.get(`/api/v1/orders/${declined.body.id}`)).body.status === "CANCELLED",
    );
    const bought = await shop.post("/api/v1/orders", orderBody(), "bought");
    expect(bought.status).toBe(201);
    await eventually(
      "it is delivered",
      async () => (await shop.get(`/api/v1/orders/${bought.body.id}`)).body.status === "DELIVERED",
    );
  });
});
