import { newId } from "../../../platform/ids.ts";
import { type Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { fullOrder, SKU } from "../../support/samples.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const LIFE = [
  "orders.placed.v1",
  "orders.stock_reserved.v1",
  "orders.payment_authorised.v1",
  "orders.confirmed.v1",
  "orders.processing.v1",
  "orders.shipped.v1",
  "orders.payment_captured.v1",
  "orders.delivered.v1",
];

describe("orders over REST", () => {
  let platform: TestPlatform;
  let shop: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    shop = await platform.client("demo-shop");
  });
  afterAll(async () => {
    await platform.stop();
  });

  const place = async (body = orderBody(), client = shop) => {
    const answer = await client.post("/api/v1/orders", body, newId());
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
    return answer;
  };
  const atItsEnd = (id: string) =>
    eventually("the order is delivered and paid", async () => {
      const { body } = await shop.get(`/api/v1/orders/${id}`);
      return body.status === "DELIVERED" && body.payment.status === "CAPTURED" && body;
    });

  test("a placed order is answered whole, with where it is and with totals that add up", async () => {
    const { body, headers } = await place(fullOrder());
    expect(headers.location).toBe(`/api/v1/orders/${body.id}`);
    const { items, paymentToken, ...given } = fullOrder() as { items: object[]; paymentToken: string };
    expect(body).toMatchObject({
      ...given,
      status: "PENDING",
      version: 1,
      shipments: [],
      payment: { status: "PENDING" },
    });
    expect(body.items).toEqual([expect.objectContaining({ ...items[0], name: expect.stringMatching(/Coffee/) })]);
    expect(JSON.stringify(body)).not.toContain(paymentToken);
    const { subtotal, tax, shipping, total } = body;
    expect(total.amount).toBe(subtotal.amount + tax.amount + shipping.amount);
    const net = body.items.reduce(
      (sum: number, item: { total: { amount: number }; tax: { amount: number } }) =>
        sum + item.total.amount - item.tax.amount,
      0,
    );
    expect(net).toBe(subtotal.amount);
    expect(new Set([subtotal, tax, shipping, total, body.items[0].unitPrice].map((money) => money.currency))).toEqual(
      new Set(["EUR"]),
    );
    expect((await shop.get(headers.location as string)).body.id).toBe(body.id);
  });

  test("an order goes to the door, and each of its versions can be seen again", async () => {
    const placed = await place();
    const order = await atItsEnd(placed.body.id);
    const { body: history } = await shop.get(`/api/v1/orders/${order.id}/history?limit=100`);
    expect(history.items.map((entry: { type: string }) => entry.type).sort()).toEqual([...LIFE].sort());
    expect(history.items.map((entry: { version: number }) => entry.version)).toEqual(LIFE.map((_, i) => i + 1));
    expect(order).toMatchObject({
      version: 8,
      shipment: { status: "DELIVERED" },
      shipments: [{ status: "DELIVERED" }],
    });
    expect(order.payment).toMatchObject({ captured: order.total, authorised: order.total, refunded: { amount: 0 } });

    const states: string[] = [];
    for (const { version } of history.items) {
      const then = await shop.get(`/api/v1/orders/${order.id}?version=${version}`);
      expect([then.status, then.body.version, then.body.total]).toEqual([200, version, order.total]);
      states.push(then.body.status);
    }
    expect([...new Set(states)]).toEqual(["PENDING", "PENDING_SHIPMENT", "SHIPPED", "DELIVERED"]);
    expect((await shop.get(`/api/v1/orders/${order.id}?version=1`)).body).toEqual(placed.body);
    expect((await shop.get(`/api/v1/orders/${order.id}?version=8`)).body).toEqual(order);
    expectProblem(await shop.get(`/api/v1/orders/${order.id}?version=9`), 404);
    const last = history.items.at(-1).at;
    expect((await shop.get(`/api/v1/orders/${order.id}?at=${last}`)).body).toEqual(order);
    expect((await shop.get(`/api/v1/orders/${order.id}?at=${order.createdAt}`)).body.createdAt).toBe(order.createdAt);
    expectProblem(await shop.get(`/api/v1/orders/${order.id}?at=2020-01-01T00:00:00Z`), 404);
  });

  test("its history comes in pages, oldest first, each entry with who did it", async () => {
    const { id, number } = (await place()).body;
    await atItsEnd(id);
    const whole = (await shop.get(`/api/v1/orders/${id}/history?limit=100`)).body;
    const paged: object[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await shop.get(`/api/v1/orders/${id}/history?limit=3${cursor && `&cursor=${cursor}`}`);
      expect(body.items.length).toBeLessThanOrEqual(3);
      paged.push(...body.items);
      cursor = body.nextCursor;
    }
    expect([paged, whole.nextCursor]).toEqual([whole.items, null]);
    for (const entry of whole.items) {
      expect(entry).toEqual(
        expect.objectContaining({
          orderId: id,
          number,
          actor: expect.stringMatching(/./),
          data: expect.any(Object),
          at: expect.stringMatching(/Z$/),
        }),
      );
      expect(JSON.stringify(entry)).not.toMatch(/Lovelace|Harbour|pm_card/);
    }
    expect(whole.items[0].actor).toBe("demo-shop");
  });

  test("its payment is shown with its movements", async () => {
    const { id, total } = (await place()).body;
    await atItsEnd(id);
    const { body } = await shop.get(`/api/v1/orders/${id}/payments`);
    expect(body).toEqual({
      items: [expect.objectContaining({ orderId: id, status: "CAPTURED", amount: total, captured: total })],
      nextCursor: null,
    });
    expect(body.items[0].entries.map((entry: { type: string }) => entry.type)).toEqual(["AUTHORISED", "CAPTURED"]);
  });

  test("an order that has not changed is a 304, by any form of its tag", async () => {
    const { id } = (await place()).body;
    await atItsEnd(id);
    const { headers } = await shop.get(`/api/v1/orders/${id}`);
    const tag = headers.etag as string;
    for (const asked of [tag, `"x", ${tag}`, "*", `W/${tag}`]) {
      const answer = await shop.get(`/api/v1/orders/${id}`, { "if-none-match": asked });
      expect([asked, answer.status, answer.text, answer.headers.etag]).toEqual([asked, 304, "", tag]);
    }
    expect((await shop.get(`/api/v1/orders/${id}`, { "if-none-match": '"0"' })).status).toBe(200);
  });

  test("orders are listed newest first, by status, customer and time, whole and in pages", async () => {
    const [ada, grace] = [newId(), newId()];
    const placed: string[] = [];
    for (const id of [ada, grace, ada, grace, ada])
      placed.push((await place(orderBody({ customer: { id, email: "a@example.com" } }))).body.id);
    const own = placed.filter((_, i) => i % 2 === 0).reverse();
    const ids = async (query: string) =>
      (await shop.get(`/api/v1/orders${query}`)).body.items?.map((order: { id: string }) => order.id);
    for (const id of placed) await atItsEnd(id);
    expect(await ids(`?customerId=${ada}`)).toEqual(own);
    expect(await ids(`/user/${ada}`)).toEqual(own);
    expect(await ids(`/user/${ada}?status=DELIVERED`)).toEqual(own);
    expect(await ids(`/user/${ada}?status=CANCELLED`)).toEqual([]);
    expect(await ids(`/user/${newId()}`)).toEqual([]);
    const third = (await shop.get(`/api/v1/orders/${placed[2]}`)).body;
    expect((await shop.get(`/api/v1/orders/user/${ada}?limit=1`)).body).toMatchObject({
      items: [{ id: own[0] }],
      nextCursor: expect.any(String),
    });
    expect(await ids(`?customerId=${ada}&from=${third.createdAt}`)).toEqual(own.slice(0, 2));
    expect(await ids(`?customerId=${ada}&to=${third.createdAt}`)).toEqual(expect.not.arrayContaining([own[0]]));
    expect((await shop.get(`/api/v1/orders?customerId=${ada}`)).body.items[1]).toEqual(third);
  });

  test("no order is listed twice or missed while others are being placed", async () => {
    const before = new Set<string>();
    for (let n = 0; n < 30; n++) before.add((await place()).body.id);
    let placing = true;
    const placed = (async () => {
      while (placing) await Promise.all([place(), place(), place(), place()]);
    })();
    try {
      for (let walk = 0; walk < 5; walk++) {
        const seen: string[] = [];
        for (let cursor: string | null = ""; cursor !== null; ) {
          const { body } = await shop.get(`/api/v1/orders?limit=7${cursor && `&cursor=${cursor}`}`);
          seen.push(...body.items.map((order: { id: string }) => order.id));
          cursor = body.nextCursor;
        }
        expect(new Set(seen).size).toBe(seen.length);
        expect([...before].filter((id) => !seen.includes(id))).toEqual([]);
        expect(seen).toEqual([...seen].sort().reverse());
      }
    } finally {
      placing = false;
      await placed;
    }
  });

  test("a price that is not the expected one is a PRICE_CHANGED with the right one, and no order", async () => {
    const { total } = (await place()).body;
    const before = (await platform.owner.query("select count(*) from orders.orders")).rows;
    for (const wrong of [
      { ...total, amount: total.amount - 1 },
      { ...total, amount: 0 },
      { ...total, currency: "USD" },
    ]) {
      const answer = await shop.post("/api/v1/orders", orderBody({ expectedTotal: wrong }), "expected");
      expectProblem(answer, 409, "PRICE_CHANGED");
      expect(answer.body.total).toEqual(total);
    }
    expect((await platform.owner.query("select count(*) from orders.orders")).rows).toEqual(before);
    expect((await place(orderBody({ expectedTotal: total }))).body.total).toEqual(total);
  });

  test("lines that are not there are an OUT_OF_STOCK that names them, and no order", async () => {
    const operator = await platform.client("demo-operator");
    const { items } = (await operator.get("/api/v1/products?limit=3&sort=name")).body;
    const [none, few, enough] = items
      .map((product: { sku: string }) => product.sku)
      .filter((sku: string) => sku !== SKU);
    await operator.put(`/api/v1/inventory/${none}`, { onHand: 0 });
    await operator.put(`/api/v1/inventory/${few}`, { onHand: 2 });
    const lines = [
      { sku: none, quantity: 1 },
      { sku: few, quantity: 2 },
      { sku: few, quantity: 1 },
      { sku: enough ?? SKU, quantity: 1 },
    ];
    const answer = await shop.post("/api/v1/orders", orderBody({ items: lines }), "too-much");
    expectProblem(answer, 409, "OUT_OF_STOCK");
    expect(answer.body.lines).toEqual([
      { sku: none, requested: 1, available: 0 },
      { sku: few, requested: 3, available: 2 },
    ]);
    const { body } = await shop.post("/api/v1/check-availability", { items: lines });
    expect([body.available, body.items.find(({ sku }: { sku: string }) => sku === few)]).toEqual([
      false,
      { sku: few, requested: 3, available: 2 },
    ]);
    // The failure has left the key free.
    await operator.put(`/api/v1/inventory/${none}`, { onHand: 5 });
    await operator.put(`/api/v1/inventory/${few}`, { onHand: 5 });
    expect((await shop.post("/api/v1/orders", orderBody({ items: lines }), "too-much")).status).toBe(201);
  });
});
