import { type Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { almighty, buildWorld, SKU, samplesOf, troubledProcess } from "../../support/samples.ts";

jest.setTimeout(60_000);

describe("an Idempotency-Key", () => {
  let platform: TestPlatform;
  let shop: Client;
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    shop = await platform.client("demo-shop");
  });
  afterAll(async () => {
    await platform.stop();
  });

  const place = async (key: string, body = orderBody(), client?: Client) =>
    (client ?? (await platform.client("demo-shop"))).post("/api/v1/orders", body, key);
  const orders = async () =>
    (await platform.owner.query("select count(*)::int as count from orders.orders")).rows[0].count;

  test("has its first answer repeated byte for byte, by every token of the client, over a restart", async () => {
    const first = await place("repeat");
    expect([first.status, first.headers["idempotency-replayed"]]).toEqual([201, undefined]);
    const again = async () => {
      const answer = await place("repeat");
      expect([answer.status, answer.text, answer.headers["idempotency-replayed"]]).toEqual([201, first.text, "true"]);
      expect(answer.headers.location).toBe(first.headers.location);
      expect(answer.headers["x-request-id"]).not.toBe(first.headers["x-request-id"]);
    };
    await again();
    await platform.restart();
    await again();
    expect(await orders()).toBe(1);
    shop = await platform.client("demo-shop");
  });

  test("means the same for a body whose members stand in another order", async () => {
    const first = await place("order-of-members");
    const { paymentToken, ...rest } = orderBody();
    const again = await place("order-of-members", {
      paymentToken,
      ...Object.fromEntries(Object.entries(rest).reverse()),
    });
    expect([again.status, again.text]).toEqual([201, first.text]);
  });

  test("with another body is a 422, also when that body is refused for itself or out of stock", async () => {
    await place("other-body");
    const bodies = [
      orderBody({ paymentToken: "pm_card_mastercard" }),
      orderBody({ items: [{ sku: SKU, quantity: 2 }] }),
      orderBody({ items: Array.from({ length: 100 }, () => ({ sku: SKU, quantity: 10_000 })).concat() }),
      orderBody({ metadata: {} }),
    ];
    for (const body of bodies) expectProblem(await place("other-body", body), 422, "IDEMPOTENCY_KEY_REUSED");
  });

  test("of another name makes another order of the same body", async () => {
    const [one, other] = [await place("name-1"), await place("name-2")];
    expect([one.status, other.status, one.body.id === other.body.id]).toEqual([201, 201, false]);
  });

  test("is looked up before stock is checked", async () => {
    const operator = await platform.client("demo-operator");
    const { sku } = (await operator.get("/api/v1/products?limit=1&sort=price")).body.items[0];
    await operator.put(`/api/v1/inventory/${sku}`, { onHand: 1 });
    const last = orderBody({ items: [{ sku, quantity: 1 }] });
    const first = await place("last-piece", last);
    await operator.put(`/api/v1/inventory/${sku}`, { onHand: 1 });
    await platform.owner.query("update inventory.stock set on_hand = reserved where tenant = 'demo' and sku = $1", [
      sku,
    ]);
    expectProblem(await place("last-piece-again", last), 409, "OUT_OF_STOCK");
    const again = await place("last-piece", last);
    expect([again.status, again.text]).toEqual([201, first.text]);
  });

  test("of a request that has failed is free for another body", async () => {
    expectProblem(await place("free", orderBody({ items: [{ sku: "NOT-SOLD", quantity: 1 }] })), 422);
    expectProblem(await place("free", orderBody({ expectedTotal: { amount: 1, currency: "EUR" } })), 409);
    expect((await place("free")).status).toBe(201);
  });

  test("belongs to the tenant, the client and the route", async () => {
    const before = await orders();
    const clients = ["demo-shop", "demo-operator", "acme-shop", "acme-operator"];
    const body = orderBody();
    const answers = [];
    for (const id of clients) answers.push(await place("mine", body, await platform.client(id)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(await orders()).toBe(before + 4);
    const cancel = await shop.post(`/api/v1/orders/${answers[0]?.body.id}/cancel`, {}, "mine");
    expect([cancel.status, cancel.headers["idempotency-replayed"]]).toEqual([200, undefined]);
  });

  test("may be 255 characters of all that is visible", async () => {
    const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join("");
    const key = visible.repeat(3).slice(0, 255);
    const first = await place(key);
    expect([first.status, (await place(key)).text]).toEqual([201, first.text]);
    // Keys are told apart to the last letter and by case.
    expect((await place(`${key.slice(0, -1)}x`)).body.id).not.toBe(first.body.id);
    expect((await place("case")).body.id).not.toBe((await place("CASE")).body.id);
  });

  /** For words that are of a few. */
  const OTHER: Readonly<Record<string, string>> = { email: "sms" };

  test("is good on every POST: the first success is repeated, another body is refused", async () => {
    const operator = await almighty(platform);
    const world = await buildWorld(platform);
    const samples = samplesOf(world);
    // In this order every request can succeed: what ends the order comes last.
    const last = (operation: string) =>
      Number(/compensate|dead-letters/.test(operation)) + 2 * Number(/cancel|release|status/.test(operation));
    const posts = samples
      .filter(({ method }) => method === "POST")
      .sort((a, b) => last(a.operation) - last(b.operation));
    const outcomes: Record<string, unknown> = {};
    for (const { operation, path, body } of posts) {
      // A secret is not repeated: test/flow/rest/admin-clients.test.ts, test/flow/webhooks/management.test.ts.
      if (/\/(discard|skip|status|replay|clients|webhooks|(rotate-)?secret)$/.test(operation)) continue;
      const key = `every-${operation.replaceAll(" ", "-")}`;
      // A process that was tried again may be out of trouble by now.
      if (operation.includes("/processes/")) await troubledProcess(platform, world.order);
      const first = await operator.post(path, body, key);
      const again = await operator.post(path, body, key);
      outcomes[operation] = [
        first.status < 300,
        again.status === first.status && again.text === first.text,
        again.headers["idempotency-replayed"],
      ];
      if (first.status >= 300) outcomes[operation] = first.text;
      else if (Object.keys(body).length > 0) {
        const [name = "", value] = Object.entries(body).find(([, text]) => typeof text === "string") ?? [
          "items",
          [{ sku: SKU, quantity: 3 }],
        ];
        // It is looked for before the key, and this one has come to its end meanwhile.
        if (operation.includes("/processes/")) await troubledProcess(platform, world.order);
        const other = await operator.post(
          path,
          { ...body, [name]: typeof value === "string" ? (OTHER[value] ?? `${value}x`) : value },
          key,
        );
        expect([operation, other.status, other.body.code]).toEqual([operation, 422, "IDEMPOTENCY_KEY_REUSED"]);
      }
    }
    expect(outcomes).toEqual(
      Object.fromEntries(Object.keys(outcomes).map((operation) => [operation, [true, true, "true"]])),
    );
  });
});
