import { type Answer, Client, orderBody } from "../../support/client.ts";
import { Feed } from "../../support/feed.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";

jest.setTimeout(60_000);

/** The origins that the fixtures' tenants allow, and others that look like them. */
const DEMO = "http://localhost:5173";
const ACME = "http://localhost:5174";
const STRANGERS = [
  "https://evil.example",
  "null",
  "*",
  "http://localhost:5173.evil.example",
  "http://localhost:51733",
  "https://localhost:5173",
  "HTTP://LOCALHOST:5173",
  `${DEMO}, ${ACME}`,
];
const PASSWORD = "correct horse battery staple";

describe("a page of another origin", () => {
  let platform: TestPlatform;
  let shop: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    shop = await platform.client("demo-shop");
  });
  afterAll(async () => {
    Feed.closeAll();
    await platform.stop();
  });

  const allowed = ({ headers }: Pick<Answer, "headers">) => headers["access-control-allow-origin"];
  const preflight = (origin: string, path = "/api/v1/orders", method = "POST") =>
    new Client(platform.url).send("OPTIONS", path, {
      headers: {
        origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type,idempotency-key",
      },
    });

  // Safeguard: `preflight` in services/api/http/cors.ts.
  test("may send what it asks for when any tenant allows its origin", async () => {
    for (const origin of [DEMO, ACME]) {
      const answer = await preflight(origin);
      expect([answer.status, answer.text, allowed(answer)]).toEqual([204, "", origin]);
      expect(answer.headers["access-control-allow-methods"]).toBe("GET, POST");
      for (const name of ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Last-Event-ID"])
        expect(answer.headers["access-control-allow-headers"]).toContain(name);
      expect(answer.headers.vary).toMatch(/\bOrigin\b/);
      expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
    }
    expectProblem(await preflight(DEMO, "/api/v1/nothing"), 404);
  });

  // Safeguard: `allowAnyTenants` in services/api/http/cors.ts.
  test.each(STRANGERS)("%s may send and read nothing", async (origin) => {
    expectProblem(await preflight(origin), 404);
    for (const answer of [
      await preflight(origin),
      await shop.get("/api/v1/orders", { origin }),
      await new Client(platform.url).get("/api/v1/orders", { origin }),
      await shop.get("/api/v1/nothing", { origin }),
    ]) {
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
      expect(answer.headers.vary).toMatch(/\bOrigin\b/);
    }
  });

  // Safeguard: `allowClients` in services/api/http/cors.ts.
  test("reads the answers to tokens of the tenant that allows it, and of no other", async () => {
    const acme = await platform.client("acme-shop");
    for (const [client, own, other] of [
      [shop, DEMO, ACME],
      [acme, ACME, DEMO],
    ] as const) {
      for (const path of ["/api/v1/orders", "/api/v1/orders/none", "/api/v1/orders?limit=0"]) {
        expect(allowed(await client.get(path, { origin: own }))).toBe(own);
        expect(allowed(await client.get(path, { origin: other }))).toBeUndefined();
      }
    }
    const placed = await shop.send("POST", "/api/v1/orders", {
      body: orderBody(),
      key: "from-a-page",
      headers: { origin: DEMO },
    });
    expect([placed.status, allowed(placed)]).toEqual([201, DEMO]);
    const exposed = String(placed.headers["access-control-expose-headers"]).toLowerCase().split(", ");
    expect(exposed).toEqual(
      expect.arrayContaining([
        "x-request-id",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "location",
        "etag",
        "retry-after",
        "idempotency-replayed",
      ]),
    );
  });

  test("learns that its token is over, so that it can get another", async () => {
    const answer = await new Client(platform.url, "no token").get("/api/v1/orders", { origin: DEMO });
    expect([answer.status, allowed(answer)]).toEqual([401, DEMO]);
  });

  // Safeguard: `clientOf` in services/api/http/cors.ts.
  test("gets tokens of its own tenant's clients alone", async () => {
    const nobody = new Client(platform.url);
    const ask = (path: string, body: object, origin: string) => {
      return nobody.send("POST", path, { body, headers: { origin } });
    };
    const login = { clientId: "demo-shop", email: "ada@example.com", password: PASSWORD };
    const secret = { grant_type: "client_credentials", client_id: "demo-shop", client_secret: "demo-secret" };
    for (const [origin, expected] of [
      [DEMO, DEMO],
      [ACME, undefined],
    ] as const) {
      const loggedIn = await ask("/api/v1/auth/login", login, origin);
      expect([loggedIn.status, allowed(loggedIn)]).toEqual([200, expected]);
      const refreshed = await ask("/api/v1/auth/refresh", { refreshToken: loggedIn.body.refresh_token }, origin);
      expect([refreshed.status, allowed(refreshed)]).toEqual([200, expected]);
      expect(allowed(await ask("/api/v1/auth/token", secret, origin))).toBe(expected);
      const validated = await ask("/api/v1/auth/validate", { token: shop.token }, origin);
      expect([validated.body.valid, allowed(validated)]).toEqual([true, expected]);
    }
    // What is refused says nothing of anybody, and the same of a client that is there as of one that is not.
    for (const clientId of ["demo-shop", "acme-shop", "nobody"])
      expect(allowed(await ask("/api/v1/auth/login", { ...login, clientId, password: "wrong" }, DEMO))).toBe(DEMO);
  });

  test("reads a live feed of its tenant", async () => {
    const feed = (origin: string) =>
      Feed.open(platform.url, "/api/v1/events", { authorization: `Bearer ${shop.token as string}`, origin });
    expect(allowed(await feed(DEMO))).toBe(DEMO);
    expect(allowed(await feed(ACME))).toBeUndefined();
  });

  // Safeguard: the check of `cors_origins` in services/auth/migrations/006-edge-rules.sql.
  test("is never everybody's: no tenant can allow all origins", async () => {
    for (const origin of ["*", "null", ""])
      await expect(
        platform.owner.query("update auth.tenants set cors_origins = array[$1] where id = 'demo'", [origin]),
      ).rejects.toThrow(/check constraint/);
  });
});
