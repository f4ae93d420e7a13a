import { type Answer, Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const PASSWORD = "correct horse battery staple";

describe("more requests than a limit lets through", () => {
  let platform: TestPlatform;
  let shop: Client;
  beforeEach(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    shop = await platform.client("demo-shop");
  });
  afterEach(async () => {
    await platform.stop();
  });

  /** Changes records behind the platform's back, and tells it, as whoever manages them does. */
  const set = async (table: "clients" | "tenants", id: string, limits: Record<string, number>) => {
    await platform.owner.query(`update auth.${table} set limits = $2 where id = $1`, [id, limits]);
    await platform.node("auth").broadcast("auth.rules_changed", {});
    // In a cluster it takes a moment.
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const logIn = async (email: string) => {
    const { body } = await new Client(platform.url).post("/api/v1/auth/login", {
      clientId: "demo-shop",
      email,
      password: PASSWORD,
    });
    return new Client(platform.url, body.access_token);
  };
  const several = async (times: number, ask: (n: number) => Promise<Answer>) => {
    const answers: Answer[] = [];
    for (let n = 0; n < times; n++) answers.push(await ask(n));
    return answers.map(({ status }) => status);
  };
  const list = () => shop.get("/api/v1/orders?limit=1");

  // Safeguard: `#callers.take` in services/api/limits/request-limits.ts; the size is of the record.
  test("of a client are refused by its record, which is gone by without a restart", async () => {
    // Before the first request: a node of a cluster may have taken a share of a greater limit, all of which counts.
    await set("clients", "demo-shop", { requests: 5 });
    expect(await several(8, list)).toEqual([...Array(5).fill(200), ...Array(3).fill(429)]);
    const refused = await list();
    expectProblem(refused, 429, "RATE_LIMITED");
    expect(refused.headers).toMatchObject({ "ratelimit-limit": "5", "ratelimit-remaining": "0" });
    expect(refused.headers["retry-after"]).toBe(refused.headers["ratelimit-reset"]);
    // All its tokens are one client; other clients are others.
    expect((await (await new Client(platform.url).as("demo-shop")).get("/api/v1/orders")).status).toBe(429);
    expect((await (await platform.client("demo-operator")).get("/api/v1/orders")).status).toBe(200);
    // What was asked for in this minute counts.
    await set("clients", "demo-shop", { requests: 7 });
    expect(await several(3, list)).toEqual([200, 200, 429]);
  });

  // Safeguard: `GOOD_MS` in services/api/limits/kept.ts.
  test("are refused also when nobody told of the change", async () => {
    expect((await list()).status).toBe(200);
    await platform.owner.query("update auth.clients set limits = '{\"requests\": 1}' where id = 'demo-shop'");
    await eventually("the change is seen", async () => (await list()).status === 429);
  });

  // Safeguard: `#tenants.take` in services/api/limits/request-limits.ts.
  test("of all clients of a tenant together are refused, and of another tenant's are not", async () => {
    const operator = await platform.client("demo-operator");
    await set("tenants", "demo", { requests: 4 });
    expect([...(await several(2, list)), ...(await several(3, () => operator.get("/api/v1/orders")))]).toEqual([
      200, 200, 200, 200, 429,
    ]);
    expect((await (await platform.client("acme-shop")).get("/api/v1/orders")).status).toBe(200);
  });

  // Safeguard: `#orders.take` in services/api/limits/request-limits.ts, and `limit: "orders"` of the contract.
  test("of orders by a customer are refused from the eleventh in a minute on, and of another customer are not", async () => {
    const [ada, grace] = [await logIn("ada@example.com"), await logIn("grace@example.com")];
    const place = (customer: Client, key: string) => customer.post("/api/v1/orders", orderBody(), key);
    expect(await several(10, (n) => place(ada, `order-${n}`))).toEqual(Array(10).fill(201));
    const refused = await place(ada, "order-10");
    expectProblem(refused, 429, "RATE_LIMITED");
    expect(refused.headers).toMatchObject({ "ratelimit-limit": "10", "ratelimit-remaining": "0" });
    // Another token of hers is no way round it; whatever places no order goes on.
    expect((await place(await logIn("ada@example.com"), "order-11")).status).toBe(429);
    expect((await ada.get("/api/v1/orders")).body.items).toHaveLength(10);
    expect((await place(grace, "order-0")).status).toBe(201);
    expect((await place(shop, "order-0")).status).toBe(201);
  });

  // Safeguard: `giveOrderBack` in services/api/http/serve.ts.
  test("of orders count those that were placed: neither the same one again nor one that was refused", async () => {
    const ada = await logIn("ada@example.com");
    const bad = { ...orderBody(), items: [] };
    expect(await several(12, (n) => ada.post("/api/v1/orders", bad, `bad-${n}`))).toEqual(Array(12).fill(422));
    expect(await several(12, () => ada.post("/api/v1/orders", orderBody(), "one"))).toEqual(Array(12).fill(201));
    expect(await several(9, (n) => ada.post("/api/v1/orders", orderBody(), `more-${n}`))).toEqual(Array(9).fill(201));
    expect((await ada.post("/api/v1/orders", orderBody(), "too-many")).status).toBe(429);
  });

  // Safeguard: the customer's own subject in `countCaller` (services/api/limits/request-limits.ts).
  test("of one customer leave the others, and the shop that they use, alone", async () => {
    await set("clients", "demo-shop", { customerRequests: 3 });
    const [ada, grace] = [await logIn("ada@example.com"), await logIn("grace@example.com")];
    expect(await several(5, () => ada.get("/api/v1/orders"))).toEqual([200, 200, 200, 429, 429]);
    expect((await grace.get("/api/v1/orders")).status).toBe(200);
    expect((await list()).status).toBe(200);
  });

  test("are told of before: every success says how its limit stands", async () => {
    const first = await list();
    const second = await list();
    expect(Number(first.headers["ratelimit-remaining"]) - Number(second.headers["ratelimit-remaining"])).toBe(1);
    expect(Number(second.headers["ratelimit-limit"])).toBeGreaterThanOrEqual(1_000_000);
    expect(Number(second.headers["ratelimit-reset"])).toBeLessThanOrEqual(60);
    // But of what is not there for the caller all answers are alike.
    expect((await shop.get("/api/v1/orders/none")).headers["ratelimit-limit"]).toBeUndefined();
  });
});
