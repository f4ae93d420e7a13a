import type { Client } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { almighty, buildWorld, SKU, type World } from "../../support/samples.ts";

jest.setTimeout(60_000);

describe("a query that is wrong", () => {
  let platform: TestPlatform;
  let operator: Client;
  let world: World;
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    operator = await almighty(platform);
    world = await buildWorld(platform);
  });
  afterAll(async () => {
    await platform.stop();
  });

  const lists = () => [
    "/api/v1/orders",
    "/api/v1/orders/user/01900000-0000-7000-8000-00000000c001",
    `/api/v1/orders/${world.order}/history`,
    `/api/v1/orders/${world.order}/payments`,
    "/api/v1/shipments",
    `/api/v1/inventory/${SKU}/transactions`,
    "/api/v1/products",
    "/api/v1/admin/dead-letters",
    "/api/v1/admin/tenants",
    "/api/v1/admin/clients",
    "/api/v1/admin/keys",
    "/api/v1/admin/audit-log",
    "/api/v1/admin/processes",
    "/api/v1/admin/subscriptions",
  ];
  const garbage = [
    "x",
    "%00",
    "%F0%28",
    "%ED%A0%80",
    "W10",
    "e30",
    "bnVsbA",
    "WyJ4Il0",
    "x".repeat(5_000),
    Buffer.from("[-1]").toString("base64url"),
    Buffer.from("[1e400]").toString("base64url"),
    Buffer.from('["01900000-0000-7000-8000-000000000001",1]').toString("base64url"),
    Buffer.from("[99999999999999999999]").toString("base64url"),
  ];

  test.each([
    ...["0", "101", "-1", "1.5", "x", "", "1e1", "0x5", "%20", "9".repeat(400), "NaN", "null"].map((limit) => [
      `limit=${limit.slice(0, 20)}`,
      `limit=${limit}`,
      "/limit",
    ]),
    ["limit twice", "limit=5&limit=6", "/limit"],
    ["limit as a list", "limit[]=5", "/limit[]"],
    ["an empty cursor", "cursor=", "/cursor"],
    ["an unknown member", "nope=1", "/nope"],
    ["__proto__", "__proto__=1", "/__proto__"],
    ["__proto__ in brackets", "__proto__[admin]=1", "/__proto__[admin]"],
    ["a filter that Moleculer's database would take", "query[tenant]=acme", "/query[tenant]"],
    ["a NUL in an unknown member's name", "a%00b=1", "/a\0b"],
  ])("on every list: %s is a 422 that names it", async (_, query, path) => {
    for (const list of lists()) {
      const answer = await operator.get(`${list}?${query}`);
      if (answer.status !== 422) throw new Error(`${list}?${query}: ${answer.status} ${answer.text}`);
      expect(expectProblem(answer, 422, "VALIDATION_FAILED")).toContain(path);
    }
  });

  test.each(garbage)("on every list: the cursor %s is a 422 that names it", async (cursor) => {
    for (const list of lists()) {
      const answer = await operator.get(`${list}?cursor=${cursor}`);
      if (answer.status !== 422) throw new Error(`${list}?cursor=${cursor}: ${answer.status} ${answer.text}`);
      expect(expectProblem(answer, 422, "VALIDATION_FAILED")).toContain("/cursor");
    }
  });

  test("a cursor of a list in another order is a 422", async () => {
    const sorts = ["newest", "name", "price", "-price"];
    const cursors = new Map<string, string>();
    for (const sort of sorts)
      cursors.set(sort, (await operator.get(`/api/v1/products?limit=1&sort=${sort}`)).body.nextCursor);
    for (const sort of sorts) {
      for (const [other, cursor] of cursors) {
        const answer = await operator.get(`/api/v1/products?limit=1&sort=${sort}&cursor=${cursor}`);
        if (other === sort) expect(answer.status).toBe(200);
        else expect(expectProblem(answer, 422, "VALIDATION_FAILED")).toContain("/cursor");
      }
    }
  });

  test.each([
    ["/api/v1/orders?status=NOPE", "/status"],
    ["/api/v1/orders?status=pending", "/status"],
    ["/api/v1/orders?status=PENDING,SHIPPED", "/status"],
    ["/api/v1/orders?status=", "/status"],
    ["/api/v1/orders?customerId=ada", "/customerId"],
    ["/api/v1/orders?from=yesterday", "/from"],
    ["/api/v1/orders?from=2026-11-21", "/from"],
    ["/api/v1/orders?from=2026-13-41T25:61:61Z", "/from"],
    ["/api/v1/orders?to=2026-02-30T00:00:00%2B99:99", "/to"],
    ["/api/v1/orders?to=0000-00-00T00:00:00Z", "/to"],
    ["/api/v1/shipments?orderId=x", "/orderId"],
    ["/api/v1/products?sort=cheapest", "/sort"],
    ["/api/v1/products?q=", "/q"],
    ["/api/v1/products?q=%00", "/q"],
    ["/api/v1/products?q=%F0%28", "/q"],
    [`/api/v1/products?q=${"q".repeat(201)}`, "/q"],
    ["/api/v1/admin/processes?state=fine", "/state"],
  ])("%s is a 422 that names %s", async (path, field) => {
    expect(expectProblem(await operator.get(path), 422, "VALIDATION_FAILED")).toContain(field);
  });

  test.each([
    ["version=0", "/version"],
    ["version=-1", "/version"],
    ["version=1.5", "/version"],
    ["version=x", "/version"],
    ["version=1&version=2", "/version"],
    ["at=noon", "/at"],
    ["at=2026-99-99T00:00:00Z", "/at"],
  ])("an order with %s is a 422 that names %s", async (query, field) => {
    expect(
      expectProblem(await operator.get(`/api/v1/orders/${world.order}?${query}`), 422, "VALIDATION_FAILED"),
    ).toContain(field);
  });

  test.each([
    "2028-02-29T00:00:00Z",
    "2026-12-31T23:59Z",
    "2026-01-01T00:00:00.123456789%2B05:45",
    "0001-01-01T00:00:00%2B15:59",
    "9999-12-31T23:59:59-15:59",
  ])("but %s is a time", async (time) => {
    for (const query of [`orders?from=${time}`, `orders?to=${time}`]) {
      expect([query, (await operator.get(`/api/v1/${query}`)).status]).toEqual([query, 200]);
    }
    expect([200, 404]).toContain((await operator.get(`/api/v1/orders/${world.order}?at=${time}`)).status);
  });

  test.each(["2027-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-21T24:01:00Z", "2026-11-21T12:00:00%2B16:00"])(
    "and %s is none",
    async (time) => {
      const answer = await operator.get(`/api/v1/orders?from=${time}`);
      expect(expectProblem(answer, 422, "VALIDATION_FAILED")).toContain("/from");
    },
  );

  test("what is special in a pattern is only text", async () => {
    for (const q of ["%", "_", "%%", "\\", "'", "[a", "(", "*", "🦊"]) {
      const { status, body } = await operator.get(`/api/v1/products?limit=100&q=${encodeURIComponent(q)}`);
      const strangers = body.items?.filter(
        ({ name, sku, description }: Record<string, string>) => !`${name} ${sku} ${description}`.includes(q),
      );
      expect([q, status, strangers]).toEqual([q, 200, []]);
    }
  });

  test("every query comes behind the object that the path names", async () => {
    for (const part of ["", "/history", "/payments"]) {
      expectProblem(
        await operator.get(`/api/v1/orders/01900000-0000-7000-8000-00000000dead${part}?nope=1`),
        404,
        "NOT_FOUND",
      );
    }
    expectProblem(await operator.get("/api/v1/inventory/NOPE/transactions?limit=0"), 404, "NOT_FOUND");
  });
});
