import { type Answer, Client } from "../../support/client.ts";
import { Feed } from "../../support/feed.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectOAuthError, expectProblem } from "../../support/problem.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const CLIENTS = "/api/v1/admin/clients";

describe("clients", () => {
  let platform: TestPlatform;
  let operator: Client;
  let keeper: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    operator = await platform.client("demo-operator");
    keeper = await platform.client("waybill-operator");
  });
  afterAll(async () => {
    await platform.stop();
  });

  const made = async (scopes: string[] = ["orders:read"], by = operator, grants?: string[]) => {
    const answer = await by.post(CLIENTS, { name: "A shop", scopes, grants });
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
    return answer.body as { id: string; secret: string; version: number };
  };
  const token = (client_id: string, client_secret: string) =>
    new Client(platform.url).post("/api/v1/auth/token", { grant_type: "client_credentials", client_id, client_secret });
  const as = async (id: string, secret: string) =>
    new Client(platform.url, (await token(id, secret)).body.access_token);
  const works = async (client: Client) => (await client.get("/api/v1/orders")).status === 200;
  const isRefused = async (client: Client) => (await client.get("/api/v1/orders")).status === 401;
  const idsOf = ({ body }: Answer) => body.items.map(({ id }: { id: string }) => id);

  test("are made with a secret that is shown once, and can be read without it", async () => {
    const answer = await operator.post(CLIENTS, { name: "A shop", scopes: ["orders:read", "orders:write"] });
    expect(answer.status).toBe(201);
    const { secret, ...client } = answer.body;
    expect(client).toEqual({
      id: expect.stringMatching(/^demo-[0-9a-f]{12}$/),
      ...{
        tenant: "demo",
        name: "A shop",
        scopes: ["orders:read", "orders:write"],
        grants: ["client_credentials"],
        active: true,
        limits: {},
        version: 1,
      },
      ...{ createdAt: client.createdAt, updatedAt: client.createdAt },
    });
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(answer.headers.location).toBe(`${CLIENTS}/${client.id}`);
    expect((await operator.get(answer.headers.location as string)).body).toEqual(client);
    expect((await operator.get(`${CLIENTS}?limit=1`)).body.items).toEqual([client]);
    const granted = await token(client.id, secret);
    expect(granted.body).toMatchObject({ scope: "orders:read orders:write" });
  });

  test("have secrets that are nowhere but in the answer", async () => {
    const key = "a-client";
    const body = { name: "A secret one", scopes: ["orders:read"] };
    const first = await operator.send("POST", CLIENTS, { body, key });
    const again = await operator.send("POST", CLIENTS, { body, key });
    const { secret, ...client } = first.body;
    // The key is good, and does not keep what is to be shown once.
    expect([again.status, again.headers["idempotency-replayed"], again.body]).toEqual([201, "true", client]);
    const rotate = `${CLIENTS}/${client.id}/rotate-secret`;
    const fresh = await operator.send("POST", rotate, { body: {}, key });
    const { secret: newer, ...rest } = fresh.body;
    expect((await operator.send("POST", rotate, { body: {}, key })).body).toEqual(rest);
    expect((await token(client.id, newer)).status).toBe(200);
    const { rows: tables } = await platform.owner.query<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    );
    expect(tables.length).toBeGreaterThan(40);
    for (const { name } of tables) {
      const { rows } = await platform.owner.query(
        `select from ${name} as t where t::text like '%' || $1 || '%' or t::text like '%' || $2 || '%'`,
        [secret, newer],
      );
      expect([name, rows.length]).toEqual([name, 0]);
    }
  });

  test("are listed newest first, in pages, those of the own tenant", async () => {
    for (let i = 0; i < 3; i++) await made();
    const all = (await operator.get(`${CLIENTS}?limit=100`)).body.items;
    expect(new Set(all.map(({ tenant }: { tenant: string }) => tenant))).toEqual(new Set(["demo"]));
    const paged: unknown[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await operator.get(`${CLIENTS}?limit=2${cursor && `&cursor=${cursor}`}`);
      paged.push(...body.items);
      cursor = body.nextCursor;
    }
    expect(paged).toEqual(all);
    expect(JSON.stringify(all)).not.toMatch(/scrypt|[hH]ash|epoch/);
    expect(idsOf(await operator.get(`${CLIENTS}?tenant=acme`))).toEqual([]);
    expect(idsOf(await keeper.get(`${CLIENTS}?tenant=acme`)).sort()).toEqual(["acme-operator", "acme-shop"]);
    expect(idsOf(await keeper.get(`${CLIENTS}?limit=100`))).toEqual(expect.arrayContaining(["acme-shop", "demo-shop"]));
  });

  test("of another tenant are not there", async () => {
    const requests: [string, string, unknown?][] = [
      ["GET", ""],
      ["PUT", "", { active: false }],
      ["PUT", "", { nope: 1 }],
      ["POST", "/rotate-secret", {}],
    ];
    for (const [method, part, body] of requests) {
      for (const id of ["acme-shop", "waybill-operator", "nobody"])
        expectProblem(await operator.send(method, `${CLIENTS}/${id}${part}`, { body }), 404, "NOT_FOUND");
    }
    expectProblem(await operator.post(CLIENTS, { tenant: "acme", name: "x", scopes: [] }), 403, "FORBIDDEN");
    expectProblem(await operator.post(CLIENTS, { tenant: "no-such", name: "x", scopes: [] }), 403, "FORBIDDEN");
    expect((await (await platform.client("acme-shop")).get("/api/v1/orders")).status).toBe(200);
  });

  test("of any tenant are the platform's operators' to make", async () => {
    const answer = await keeper.post(CLIENTS, { tenant: "acme", name: "Acme's app", scopes: ["orders:read"] });
    expect([answer.status, answer.body.tenant]).toEqual([201, "acme"]);
    expect(idsOf(await (await platform.client("acme-operator")).get(CLIENTS))).toContain(answer.body.id);
    const nowhere = await keeper.post(CLIENTS, { tenant: "no-such", name: "x", scopes: [] });
    expect(expectProblem(nowhere, 422, "VALIDATION_FAILED")).toEqual(["/tenant"]);
  });

  describe("get no scope that the giver lacks", () => {
    let narrow: Client;
    beforeAll(async () => {
      const { id, secret } = await made(["admin", "orders:read"]);
      narrow = await as(id, secret);
    });

    test("when they are made", async () => {
      expectProblem(await operator.post(CLIENTS, { name: "x", scopes: ["platform"] }), 403, "FORBIDDEN");
      const answer = await narrow.post(CLIENTS, { name: "x", scopes: ["orders:read", "orders:write"] });
      expectProblem(answer, 403, "FORBIDDEN");
      expect(answer.body.detail).toContain("orders:write");
      await made(["admin", "orders:read"], narrow);
    });

    test("when they are changed", async () => {
      const { id } = await made(["orders:read"]);
      expectProblem(await narrow.put(`${CLIENTS}/${id}`, { scopes: ["payments:read"] }), 403, "FORBIDDEN");
      expect((await narrow.put(`${CLIENTS}/${id}`, { scopes: ["orders:read", "admin"] })).status).toBe(200);
    });

    test("and who has more is not theirs to change, nor to get the secret of", async () => {
      const path = `${CLIENTS}/demo-operator`;
      expectProblem(await narrow.post(`${path}/rotate-secret`, {}), 403, "FORBIDDEN");
      expectProblem(await narrow.put(path, { scopes: ["orders:read"] }), 403, "FORBIDDEN");
      expectProblem(await narrow.put(path, { active: false }), 403, "FORBIDDEN");
      expect(await works(await as("demo-operator", "demo-secret"))).toBe(true);
    });
  });

  describe("that are rotated", () => {
    const rotate = (id: string, body: object = {}) => operator.post(`${CLIENTS}/${id}/rotate-secret`, body);

    test("take both secrets until the overlap is over", async () => {
      const { id, secret } = await made();
      const before = await as(id, secret);
      const answer = await rotate(id, { overlapSeconds: 600 });
      expect(answer.status).toBe(200);
      expect(Date.parse(answer.body.previousSecretUntil) - Date.parse(answer.body.updatedAt)).toBe(600_000);
      expect(answer.body.secret).not.toBe(secret);
      for (const one of [secret, answer.body.secret]) expect(await works(await as(id, one))).toBe(true);
      expect(await works(before)).toBe(true);
      expectOAuthError(await token(id, "another"), 401, "invalid_client");
      await platform.owner.query("update auth.clients set previous_secret_until = now() where id = $1", [id]);
      expectOAuthError(await token(id, secret), 401, "invalid_client");
      expect((await token(id, answer.body.secret)).status).toBe(200);
      expect((await operator.get(`${CLIENTS}/${id}`)).body.previousSecretUntil).toBeUndefined();
    });

    test("have two secrets at most", async () => {
      const { id, secret } = await made();
      const second = (await rotate(id)).body.secret;
      const third = (await rotate(id)).body.secret;
      expectOAuthError(await token(id, secret), 401, "invalid_client");
      for (const one of [second, third]) expect((await token(id, one)).status).toBe(200);
    });

    test("without an overlap take the new one alone", async () => {
      const { id, secret } = await made();
      const answer = await rotate(id, { overlapSeconds: 0 });
      expect(answer.body.previousSecretUntil).toBeUndefined();
      expectOAuthError(await token(id, secret), 401, "invalid_client");
      expect((await token(id, answer.body.secret)).status).toBe(200);
    });

    test("by many at once have the secrets that were shown, or the answer is a conflict", async () => {
      const { id } = await made();
      const answers = await Promise.all(Array.from({ length: 5 }, () => rotate(id)));
      const shown = answers.filter(({ status }) => status === 200);
      expect(shown.length).toBeGreaterThan(0);
      for (const answer of answers) if (answer.status !== 200) expectProblem(answer, 409, "STALE_VERSION");
      const newest = shown.sort((a, b) => b.body.version - a.body.version)[0] as Answer;
      expect((await token(id, newest.body.secret)).status).toBe(200);
    });

    test.each([[-1], [1.5], ["60"], [2_592_001]])("refuse an overlap of %p", async (overlapSeconds) => {
      const { id } = await made();
      expect(expectProblem(await rotate(id, { overlapSeconds }), 422)).toEqual(["/overlapSeconds"]);
    });
  });

  describe("that are disabled", () => {
    test("lose their tokens everywhere, and get new ones once they are enabled", async () => {
      const { id, secret } = await made(["orders:read"]);
      const [client, other] = [await as(id, secret), await as("demo-shop", "demo-secret")];
      const feed = await Feed.open(platform.url, "/api/v1/events", { authorization: `Bearer ${client.token}` });
      expect(feed.status).toBe(200);
      expect(await works(client)).toBe(true);
      const disabled = await operator.put(`${CLIENTS}/${id}`, { active: false });
      expect(disabled.body).toMatchObject({ active: false, version: 2 });
      await eventually("its token is refused", () => isRefused(client));
      await eventually("its feed has ended", () => feed.ended);
      expectOAuthError(await token(id, secret), 401, "invalid_client");
      expect(await works(other)).toBe(true);
      expect((await operator.put(`${CLIENTS}/${id}`, { active: true })).status).toBe(200);
      // At once, and what was ended stays so.
      expect(await works(await as(id, secret))).toBe(true);
      expect(await isRefused(client)).toBe(true);
    });

    test("have no tokens after a restart either", async () => {
      const { id, secret } = await made(["orders:read"]);
      const before = await as(id, secret);
      await operator.put(`${CLIENTS}/${id}`, { active: false });
      await platform.restart();
      [operator, keeper] = [await platform.client("demo-operator"), await platform.client("waybill-operator")];
      expect(await isRefused(new Client(platform.url, before.token))).toBe(true);
    });

    test("end their customers' logins", async () => {
      const { id } = await made(["orders:read"], operator, ["password"]);
      const login = { clientId: id, email: "ada@example.com", password: "correct horse battery staple" };
      const { body } = await new Client(platform.url).post("/api/v1/auth/login", login);
      const ada = new Client(platform.url, body.access_token);
      expect(await works(ada)).toBe(true);
      await operator.put(`${CLIENTS}/${id}`, { active: false });
      await eventually("her token is refused", () => isRefused(ada));
      const refresh = await ada.post("/api/v1/auth/refresh", { refreshToken: body.refresh_token });
      expectProblem(refresh, 401, "UNAUTHORIZED");
    });

    test("are never the one that asks", async () => {
      expectProblem(await operator.put(`${CLIENTS}/demo-operator`, { active: false }), 409, "CONFLICT");
      expect(await works(operator)).toBe(true);
    });
  });

  test("that lose a scope lose the tokens that carry it", async () => {
    const { id, secret } = await made(["orders:read", "payments:read"]);
    const before = await as(id, secret);
    await operator.put(`${CLIENTS}/${id}`, { name: "Renamed", scopes: ["payments:read", "orders:read"] });
    expect(await works(before)).toBe(true);
    await operator.put(`${CLIENTS}/${id}`, { scopes: ["orders:read"] });
    await eventually("its token is refused", () => isRefused(before));
    expect((await token(id, secret)).body.scope).toBe("orders:read");
  });

  describe("have the grants that they were given, and no other", () => {
    const ADA = { email: "ada@example.com", password: "correct horse battery staple" };
    const logIn = (clientId: string, body: object = ADA) =>
      new Client(platform.url).post("/api/v1/auth/login", { clientId, ...body });

    test("without client_credentials they get no token for their secret, and that is said to whoever shows it", async () => {
      const { id, secret } = await made(["orders:read"], operator, ["password"]);
      expectOAuthError(await token(id, secret), 400, "unauthorized_client");
      expectOAuthError(await token(id, "wrong"), 401, "invalid_client");
      expect((await logIn(id)).status).toBe(200);
    });

    test("without password nobody logs in by them or registers, and it looks as if they were not there", async () => {
      const { id, secret } = await made();
      const shown = ({ status, headers, body }: Answer) => ({
        status,
        type: headers["content-type"],
        ...body,
        requestId: "",
      });
      expect(shown(await logIn(id))).toEqual(shown(await logIn("nobody")));
      expect((await logIn(id)).status).toBe(401);
      const register = (clientId: string) =>
        new Client(platform.url).post("/api/v1/auth/register", { clientId, ...ADA, email: "new@example.com" });
      expect(shown(await register(id))).toEqual(shown(await register("nobody")));
      expect((await token(id, secret)).status).toBe(200);
    });

    test("and lose with a grant the tokens and logins that came of it", async () => {
      const { id, secret } = await made(["orders:read"], operator, ["client_credentials", "password"]);
      const { body: login } = await logIn(id);
      const [own, ada] = [await as(id, secret), new Client(platform.url, login.access_token)];
      const same = await operator.put(`${CLIENTS}/${id}`, { grants: ["password", "client_credentials", "password"] });
      expect(same.body.version).toBe(1);
      const { body } = await operator.put(`${CLIENTS}/${id}`, { grants: ["client_credentials"] });
      expect([body.grants, body.version]).toEqual([["client_credentials"], 2]);
      for (const client of [own, ada]) await eventually("its token is refused", () => isRefused(client));
      const refreshed = await ada.post("/api/v1/auth/refresh", { refreshToken: login.refresh_token });
      expectProblem(refreshed, 401, "UNAUTHORIZED");
      expect(await works(await as(id, secret))).toBe(true);
    });

    test("of the fixtures the shops alone have customers", async () => {
      const { rows } = await platform.owner.query(
        "select id from auth.clients where 'password' = any(grants) and id = any($1) order by id",
        [["demo-shop", "demo-courier", "demo-operator", "acme-shop", "acme-operator", "waybill-operator"]],
      );
      expect(rows.map(({ id }) => id)).toEqual(["acme-shop", "demo-shop"]);
    });
  });

  test("change by version, and what changes nothing makes no new one", async () => {
    const { id } = await made();
    const path = `${CLIENTS}/${id}`;
    expect((await operator.put(path, { name: "One", version: 1 })).body).toMatchObject({ name: "One", version: 2 });
    const stale = await operator.put(path, { name: "Two", version: 1 });
    expectProblem(stale, 409, "STALE_VERSION");
    expect(stale.body.version).toBe(2);
    expect((await operator.put(path, { name: "One" })).body).toMatchObject({ name: "One", version: 2 });
    const names = ["a", "b", "c"].map((name) => operator.put(path, { name, version: 2 }));
    expect((await Promise.all(names)).map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  test.each([
    [{ scopes: [] }, "/name"],
    [{ name: "", scopes: [] }, "/name"],
    [{ name: "x".repeat(201), scopes: [] }, "/name"],
    [{ name: "x" }, "/scopes"],
    [{ name: "x", scopes: "admin" }, "/scopes"],
    [{ name: "x", scopes: ["orders:everything"] }, "/scopes/0"],
    [{ name: "x", scopes: [], grants: "password" }, "/grants"],
    [{ name: "x", scopes: [], grants: ["refresh_token"] }, "/grants/0"],
    [{ name: "x", scopes: [], tenant: "ACME" }, "/tenant"],
    [{ name: "x", scopes: [], id: "mine" }, "/id"],
    [{ name: "x", scopes: [], secretHash: "x" }, "/secretHash"],
    [{ name: "x", scopes: [], epoch: "x" }, "/epoch"],
  ])("are not made of %j", async (body, field) => {
    expect(expectProblem(await operator.post(CLIENTS, body), 422, "VALIDATION_FAILED")).toContain(field);
  });

  test.each([
    [{ tenant: "acme" }, "/tenant"],
    [{ secretHash: "x" }, "/secretHash"],
    [{ active: "no" }, "/active"],
    [{ version: 0 }, "/version"],
    [{ scopes: [null] }, "/scopes/0"],
  ])("are not changed by %j", async (body, field) => {
    const { id } = await made();
    expect(expectProblem(await operator.put(`${CLIENTS}/${id}`, body), 422, "VALIDATION_FAILED")).toContain(field);
  });
});
