import { Client } from "../../support/client.ts";
import { ApiDocument, type Operation } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { isCustomers, protectedRoutes, ROUTES } from "../../support/routes.ts";
import { almighty, buildWorld, SKU, type World } from "../../support/samples.ts";

jest.setTimeout(60_000);

describe("the contract", () => {
  let platform: TestPlatform;
  let document: ApiDocument;
  let world: World;
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    document = await ApiDocument.load(new Client(platform.url));
    world = await buildWorld(platform);
  });
  afterAll(async () => {
    await platform.stop();
  });

  /** The path of an operation about the world's own objects, or about others. */
  const pathOf = ({ path }: Operation, other?: string): string => {
    const ids: [RegExp, string][] = [
      [/\{orderId\}|\/orders\/\{id\}/, world.order],
      [/\{shipmentId\}|\/shipments\/\{id\}/, world.shipment],
      [/\/products\/\{id\}/, world.product],
      [/\/dead-letters\/\{id\}/, world.deadLetter],
      [/\/tenants\/\{id\}/, world.tenant],
      [/\/clients\/\{id\}/, world.client],
      [/\/outbox\/\{id\}/, world.message],
      [/\{type\}/, "ORDER_PLACED"],
      [/\/customers\/\{id\}/, world.customer],
      [/\{sku\}/, SKU],
      [/\{userId\}/, "01900000-0000-7000-8000-00000000c001"],
      [/\{domain\}/, "delivery"],
      [/\/(addresses|logins)\/\{id\}/, "01900000-0000-7000-8000-00000000a001"],
      [/\/webhooks\/\{id\}/, world.webhook],
    ];
    const id = other ?? ids.find(([pattern]) => pattern.test(path))?.[1];
    const named = path
      .replace("{channel}", other ?? "orders")
      .replace("{deliveryId}", other ?? world.webhookDelivery)
      .replace("{medium}", "email")
      .replace("{language}", "en");
    return named.replace(/\{\w+\}/, id ?? "");
  };
  const ask = (client: Client, operation: Operation, other?: string) =>
    client.send(operation.method, pathOf(operation, other), {
      ...(/POST|PUT/.test(operation.method) && { body: {} }),
      key: "a-key",
    });

  test("a request without a token is a 401, on every route", async () => {
    for (const [route] of protectedRoutes) {
      const answer = await ask(new Client(platform.url), document.operation(route));
      expectProblem(answer, 401, "UNAUTHORIZED");
      expect(answer.headers["www-authenticate"]).toMatch(/^Bearer/);
    }
  });

  test("a token without the scope is a 403, on every route that has one, also for what is not there", async () => {
    const [shop, courier] = [await platform.client("demo-shop"), await platform.client("demo-courier")];
    for (const [route, scope] of protectedRoutes) {
      if (!scope) continue;
      const client = scope.startsWith("delivery:write") ? shop : courier;
      if (scope === "delivery:read") continue;
      for (const id of [undefined, "01900000-0000-7000-8000-00000000dead"]) {
        const answer = await ask(client, document.operation(route), id);
        expectProblem(answer, 403, "FORBIDDEN");
        expect(answer.body.detail).toContain(scope);
      }
    }
  });

  test("each scope opens its own routes alone", async () => {
    const secret = { grant_type: "client_credentials", client_id: "demo-operator", client_secret: "demo-secret" };
    await almighty(platform);
    const scopes = [...new Set(Object.values(ROUTES))].filter((scope) => scope !== undefined);
    for (const scope of scopes) {
      const { body } = await new Client(platform.url).post("/api/v1/auth/token", { ...secret, scope });
      const client = new Client(platform.url, body.access_token);
      for (const [route, needed] of protectedRoutes) {
        // A malformed id is a 404 before anything is done, where the scope lets it through.
        const operation = document.operation(route);
        if (!operation.path.includes("{") || !needed) continue;
        const { status } = await ask(client, operation, "not-an-id!");
        expect([scope, route, status]).toEqual([scope, route, needed === scope ? 404 : 403]);
      }
    }
  });

  test("what is another tenant's is a 404, the same as what does not exist", async () => {
    const stranger = await platform.client("acme-operator");
    const routes = protectedRoutes.filter(
      // What is a customer's own has a test of its own: customer-addresses.test.ts.
      ([route, scope]) =>
        route.includes("{") &&
        !isCustomers(route) &&
        !/\{sku\}|\{userId\}|\{domain\}|\{medium\}/.test(route) &&
        scope !== "platform",
    );
    expect(routes.length).toBeGreaterThan(15);
    for (const [route] of routes) {
      const operation = document.operation(route);
      const foreign = await ask(stranger, operation);
      const absent = await ask(stranger, operation, "01900000-0000-7000-8000-00000000dead");
      for (const answer of [foreign, absent]) expectProblem(answer, 404, "NOT_FOUND");
      const shape = ({
        body: { requestId: _, ...body },
        headers: { date: _date, "x-request-id": _id, ...headers },
      }: typeof foreign) => [body, headers];
      expect(shape(foreign)).toEqual(shape(absent));
    }
    const lists = [
      "/orders",
      "/shipments",
      "/admin/processes",
      "/admin/dead-letters",
      "/admin/outbox",
      `/shipments?orderId=${world.order}`,
    ];
    for (const list of lists)
      expect((await stranger.get(`/api/v1${list}`)).body).toEqual({ items: [], nextCursor: null });
    const shipment = (await (await platform.client("demo-operator")).get(`/api/v1/shipments/${world.shipment}`)).body;
    expect(shipment).toMatchObject({ status: "PROCESSING", orderId: world.order });
  });

  test.each([
    ["GET", "/~node/options"],
    ["GET", "/api/~node/list"],
    ["GET", "/~node/health"],
    ["GET", "/api/v1/~node/actions"],
    ["GET", "/api/v1/$node/list"],
    ["POST", "/api/v1/orders.place"],
    ["POST", "/api/v1/orders/place"],
    ["GET", "/orders.list"],
    ["GET", "/api/list-aliases"],
    ["GET", "/list-aliases"],
    ["GET", "/api/v1/api/listAliases"],
    ["POST", "/api/v1/inventory.reserve"],
    ["POST", "/api/v1/inventory/availability"],
    ["POST", "/api/v1/payments/capture"],
    ["POST", "/api/v1/payments.refund"],
    ["GET", "/api/v1/orders/log/read"],
    ["GET", "/api/v1/orders.log.read"],
    ["POST", "/api/v1/orders/rebuildProjection"],
    ["GET", "/api/v1/orders/health/check"],
    ["GET", "/api/v1/auth/clients"],
    ["GET", "/api/v1/clients"],
    ["GET", "/api/v1/auth/login"],
    ["POST", "/api/v1/auth/revocations"],
    ["GET", "/api/v1/users"],
    ["GET", "/api/v1/cart"],
    ["POST", "/api/v1/webhooks.remove"],
    ["GET", "/api/v1/health"],
    ["GET", "/api/v1/metrics"],
    ["GET", "/package.json"],
    ["GET", "/favicon.ico"],
    ["GET", "/.env"],
  ])("nothing else can be reached: %s %s is a 404", async (method, path) => {
    const operator = await platform.client("demo-operator");
    for (const client of [new Client(platform.url), operator]) {
      expectProblem(await client.send(method, path, method === "POST" ? { body: {} } : {}), 404, "NOT_FOUND");
    }
  });

  test("every answer carries a request id, the caller's own where that is safe, and headers that protect", async () => {
    const shop = await platform.client("demo-shop");
    for (const path of ["/api/v1/orders", "/api/v1/orders/x", "/nowhere", "/health", "/openapi.json", "/docs"]) {
      const { headers } = await shop.get(path, { "x-request-id": "my-id.1" });
      expect([path, headers["x-request-id"], headers["x-content-type-options"]]).toEqual([path, "my-id.1", "nosniff"]);
      expect(headers["content-security-policy"]).toMatch(/default-src/);
      expect(headers["x-powered-by"]).toBeUndefined();
    }
    for (const unsafe of ["a b", '"><script>', "x".repeat(500), "ä"]) {
      expect((await shop.get("/nowhere", { "x-request-id": unsafe })).headers["x-request-id"]).toMatch(
        /^[0-9a-f-]{36}$/,
      );
    }
  });
});
