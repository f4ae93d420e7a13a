import { Client } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectOAuthError, expectProblem } from "../../support/problem.ts";
import { headerOf } from "../../support/tokens.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const TENANTS = "/api/v1/admin/tenants";
const KEYS = "/api/v1/admin/keys";

describe("the platform's operators", () => {
  let platform: TestPlatform;
  let keeper: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    keeper = await platform.client("waybill-operator");
  });
  afterAll(async () => {
    await platform.stop();
  });

  const token = (client_id: string, client_secret = "demo-secret") =>
    new Client(platform.url).post("/api/v1/auth/token", { grant_type: "client_credentials", client_id, client_secret });
  const status = async (client: Client) => (await client.get("/api/v1/products")).status;

  test("make a tenant, its first client, and that makes the others", async () => {
    const answer = await keeper.post(TENANTS, { id: "globex", name: "Globex" });
    expect([answer.status, answer.headers.location]).toEqual([201, `${TENANTS}/globex`]);
    expect(answer.body).toEqual({
      ...{ id: "globex", name: "Globex", active: true, limits: {}, corsOrigins: [], version: 1 },
      ...{ createdAt: answer.body.createdAt, updatedAt: answer.body.createdAt },
    });
    expect((await keeper.get(`${TENANTS}/globex`)).body).toEqual(answer.body);
    expectProblem(await keeper.post(TENANTS, { id: "globex", name: "x" }), 409, "TENANT_TAKEN");
    const first = await keeper.post("/api/v1/admin/clients", {
      ...{ tenant: "globex", name: "Globex' operators", scopes: ["admin", "orders:read"] },
    });
    const { body } = await token(first.body.id, first.body.secret);
    const globex = new Client(platform.url, body.access_token);
    const second = await globex.post("/api/v1/admin/clients", { name: "A reader", scopes: ["orders:read"] });
    expect([second.status, second.body.tenant]).toEqual([201, "globex"]);
    expect((await globex.get("/api/v1/admin/clients")).body.items).toHaveLength(2);
    expect((await globex.get("/api/v1/orders")).body.items).toEqual([]);
  });

  test("list them, newest first, in pages", async () => {
    const { items } = (await keeper.get(`${TENANTS}?limit=100`)).body;
    expect(items.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining(["acme", "demo", "waybill"]));
    const paged: unknown[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await keeper.get(`${TENANTS}?limit=1${cursor && `&cursor=${cursor}`}`);
      paged.push(...body.items);
      cursor = body.nextCursor;
    }
    expect(paged).toEqual(items);
    expect(expectProblem(await keeper.get(`${TENANTS}?cursor=x`), 422)).toEqual(["/cursor"]);
  });

  test("disable one, which ends all its tokens, and nobody else's", async () => {
    const clients = [await platform.client("acme-shop"), await platform.client("acme-operator")];
    const other = await platform.client("demo-shop");
    const disabled = await keeper.put(`${TENANTS}/acme`, { active: false });
    expect(disabled.body).toMatchObject({ id: "acme", active: false, version: 2 });
    for (const client of clients)
      await eventually("its tokens are refused", async () => (await status(client)) === 401);
    expectOAuthError(await token("acme-shop"), 401, "invalid_client");
    const login = { clientId: "acme-shop", email: "x@example.com", password: "does not matter" };
    expectProblem(await new Client(platform.url).post("/api/v1/auth/login", login), 401);
    expect(await status(other)).toBe(200);
    await keeper.put(`${TENANTS}/acme`, { active: true });
    expect((await token("acme-shop")).status).toBe(200);
    for (const client of clients) expect(await status(client)).toBe(401);
  });

  test("say how much its clients may ask for, and whose pages may read the answers", async () => {
    // Its tokens of before it was disabled are not good any more.
    const shop = (id: string) => new Client(platform.url).as(id);
    const clients = [await shop("acme-shop"), await shop("demo-shop")] as const;
    const limitOf = async (client: Client) => (await client.get("/api/v1/products")).headers["ratelimit-limit"];
    const allowedFor = async (origin: string) =>
      (await clients[0].get("/api/v1/products", { origin })).headers["access-control-allow-origin"];
    const changed = await keeper.put("/api/v1/admin/clients/acme-shop", { limits: { requests: 700 } });
    expect([changed.status, changed.body.limits]).toEqual([200, { requests: 700 }]);
    const tenant = await keeper.put(`${TENANTS}/acme`, { corsOrigins: ["https://shop.acme.example"] });
    expect(tenant.body.corsOrigins).toEqual(["https://shop.acme.example"]);
    await eventually("it holds without a restart", async () => (await limitOf(clients[0])) === "700");
    expect(await limitOf(clients[1])).not.toBe("700");
    await eventually(
      "the page may read",
      async () => (await allowedFor("https://shop.acme.example")) === "https://shop.acme.example",
    );
    expect(await allowedFor("http://localhost:5174")).toBeUndefined();
    await keeper.put(`${TENANTS}/acme`, { limits: { requests: 0 } });
    await eventually("nothing is left to the tenant", async () => (await status(clients[0])) === 429);
    expect(await status(clients[1])).toBe(200);
    await keeper.put(`${TENANTS}/acme`, { limits: {} });
    await eventually("it may again", async () => (await status(clients[0])) === 200);
  });

  test("are told which limit or origin is wrong", async () => {
    const wrong = { limits: { requests: -1, orders: 1 }, corsOrigins: ["https://shop.example/", "*"] };
    expect(expectProblem(await keeper.put(`${TENANTS}/acme`, wrong), 422).sort()).toEqual([
      ...["/corsOrigins/0", "/corsOrigins/1", "/limits/orders", "/limits/requests"],
    ]);
    expect(
      expectProblem(await keeper.put("/api/v1/admin/clients/acme-shop", { limits: { orders: 0.5 } }), 422),
    ).toEqual(["/limits/orders"]);
    // A tenant's own operators do not set their own limits.
    const operator = await platform.client("demo-operator");
    expectProblem(await operator.put("/api/v1/admin/clients/demo-shop", { limits: {} }), 403, "FORBIDDEN");
  });

  test("cannot disable their own", async () => {
    expectProblem(await keeper.put(`${TENANTS}/waybill`, { active: false }), 409, "CONFLICT");
    expect((await keeper.get(TENANTS)).status).toBe(200);
  });

  test("change one by version", async () => {
    const path = `${TENANTS}/demo`;
    const { version } = (await keeper.get(path)).body;
    expect((await keeper.put(path, { name: "Demo Ltd", version })).body).toMatchObject({ version: version + 1 });
    expectProblem(await keeper.put(path, { name: "Other", version }), 409, "STALE_VERSION");
    expect((await keeper.put(path, { name: "Demo Ltd" })).body.version).toBe(version + 1);
  });

  test.each([
    ["POST", "", { name: "x" }, "/id"],
    ["POST", "", { id: "A B", name: "x" }, "/id"],
    ["POST", "", { id: "*", name: "x" }, "/id"],
    ["POST", "", { id: "x".repeat(64), name: "x" }, "/id"],
    ["POST", "", { id: "x" }, "/name"],
    ["POST", "", { id: "x", name: 1 }, "/name"],
    ["POST", "", { id: "x", name: "x", active: false }, "/active"],
    ["PUT", "/demo", { name: "" }, "/name"],
    ["PUT", "/demo", { active: 0 }, "/active"],
    ["PUT", "/demo", { version: "1" }, "/version"],
    ["PUT", "/demo", { nope: 1 }, "/nope"],
  ])("%s %s with %j is told what is wrong", async (method, part, body, field) => {
    const answer = await keeper.send(method, `${TENANTS}${part}`, { body });
    expect(expectProblem(answer, 422, "VALIDATION_FAILED")).toEqual([field]);
  });

  test("find nothing where nothing is", async () => {
    for (const id of ["nobody", "A%20B", "%00"]) {
      expectProblem(await keeper.get(`${TENANTS}/${id}`), 404, "NOT_FOUND");
      expectProblem(await keeper.put(`${TENANTS}/${id}`, { nope: 1 }), 404, "NOT_FOUND");
    }
  });

  test("are alone in that: an operator of a tenant is not let in", async () => {
    const operator = await platform.client("demo-operator");
    const requests: [string, string, unknown?][] = [
      ["GET", TENANTS],
      ["POST", TENANTS, { id: "x", name: "x" }],
      ["GET", `${TENANTS}/demo`],
      ["PUT", `${TENANTS}/demo`, { name: "x" }],
      ["GET", KEYS],
      ["POST", `${KEYS}/rotate`, {}],
    ];
    for (const [method, path, body] of requests)
      expectProblem(await operator.send(method, path, { body }), 403, "FORBIDDEN");
  });

  test("rotate the keys, and tokens that were signed before stay good", async () => {
    const before = await platform.client("demo-shop");
    const rotated = await keeper.post(`${KEYS}/rotate`, {});
    expect(rotated.body).toEqual({ kid: expect.any(String), createdAt: expect.any(String) });
    const { kid } = rotated.body;
    expect(headerOf(before.token as string).kid).not.toBe(kid);
    await eventually("tokens are signed with it", async () => {
      const { body } = await token("demo-shop");
      return (
        headerOf(body.access_token).kid === kid && (await status(new Client(platform.url, body.access_token))) === 200
      );
    });
    expect(await status(before)).toBe(200);
    const items = await eventually("every node says so", async () => {
      const found = (await keeper.get(KEYS)).body.items;
      return found[0].state === "signs" && found;
    });
    expect(items[0]).toEqual({ kid, algorithm: "ES256", state: "signs", createdAt: rotated.body.createdAt });
    expect(items[1]).toMatchObject({ state: "retired", retiredAt: expect.any(String) });
    expect(JSON.stringify(items)).not.toMatch(/PRIVATE|BEGIN/);
    await eventually("every node shows both", async () => {
      const { body } = await new Client(platform.url).get("/.well-known/jwks.json");
      const shown = body.keys.map((key: { kid: string }) => key.kid);
      return items.slice(0, 2).every((key: { kid: string }) => shown.includes(key.kid));
    });
    const second = await keeper.send("POST", `${KEYS}/rotate`, { body: {}, key: "once" });
    const again = await keeper.send("POST", `${KEYS}/rotate`, { body: {}, key: "once" });
    expect(again.text).toBe(second.text);
  });

  test("see in the audit log who was locked out, once a lock, and nothing of who it would be", async () => {
    const guess = (client_id: string) => token(client_id, "guessed");
    for (let i = 0; i < 25; i++) await guess("demo-courier");
    for (let i = 0; i < 25; i++) await guess("nobody-4711");
    const locks = async () =>
      (await keeper.get("/api/v1/admin/audit-log?limit=100&action=auth.issueToken")).body.items as object[];
    await eventually("both are there", async () => (await locks()).length === 2);
    expect(await locks()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ tenant: "demo", object: "demo-courier", outcome: "RATE_LIMITED" }),
        expect.objectContaining({ tenant: "*", outcome: "RATE_LIMITED" }),
      ]),
    );
    expect(JSON.stringify(await locks())).not.toContain("4711");
  });
});
