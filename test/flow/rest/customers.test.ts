import { Database } from "../../../platform/database.ts";
import { dropSessions } from "../../../services/auth/sessions/session-repository.ts";
import { type Answer, Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectOAuthError, expectProblem } from "../../support/problem.ts";
import { claimsOf } from "../../support/tokens.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const PASSWORD = "correct horse battery staple";
const ADA = { clientId: "demo-shop", email: "ada@example.com", password: PASSWORD };
const GRACE = { ...ADA, email: "grace@example.com" };
const NEW = { clientId: "demo-shop", email: "Edsger@example.com", password: "goto considered harmful" };

let platform: TestPlatform;
let nobody: Client;

async function start(): Promise<void> {
  platform = await startPlatform();
  nobody = new Client(platform.url);
}

const post = (path: string, body: object) => nobody.post(`/api/v1/auth/${path}`, body);
const logIn = async (body: object = ADA): Promise<{ client: Client; refreshToken: string; answer: Answer }> => {
  const answer = await post("login", body);
  expect([answer.status, answer.status === 200 ? "" : answer.text]).toEqual([200, ""]);
  const { access_token, refresh_token } = answer.body;
  return { client: new Client(platform.url, access_token), refreshToken: refresh_token, answer };
};
const refresh = (refreshToken: string) => post("refresh", { refreshToken });
const isLetIn = async (client: Client) => (await client.get("/api/v1/orders")).status === 200;
/** Other nodes hear of it in a moment. */
const isRefused = (token: string) =>
  eventually("the token is refused", async () => {
    const answer = await new Client(platform.url, token).get("/api/v1/orders");
    if (answer.status !== 200) expectProblem(answer, 401, "UNAUTHORIZED");
    return answer.status === 401;
  });
/** As if so much time had passed since every login was refreshed. */
const age = (seconds: number) =>
  platform.owner.query("update auth.sessions set refreshed_at = refreshed_at - $1 * interval '1 second'", [seconds]);

describe("a customer", () => {
  beforeAll(start);
  beforeEach(() => platform.owner.query("delete from auth.sessions"));
  afterAll(() => platform.stop());

  describe("who logs in", () => {
    test("gets a token of their own, with nothing but a customer's scopes", async () => {
      await platform.owner.query(
        "update auth.clients set grants = '{client_credentials,password}' where id = 'demo-operator'",
      );
      const { client, answer } = await logIn({ ...ADA, clientId: "demo-operator" });
      expect(answer.body).toMatchObject({ token_type: "Bearer", expires_in: 86_400 });
      expect(answer.headers["cache-control"]).toBe("no-store");
      expect(answer.body.scope.split(" ").sort()).toEqual([
        "delivery:read",
        "orders:read",
        "orders:write",
        "payments:read",
      ]);
      expect(claimsOf(client.token as string)).toMatchObject({ tenant: "demo", client_id: "demo-operator" });
      expectProblem(await client.get("/api/v1/admin/processes?state=stuck"), 403, "FORBIDDEN");
    });

    test("sees their own orders and no other's", async () => {
      const [ada, grace] = [(await logIn()).client, (await logIn(GRACE)).client];
      const placed = await ada.post("/api/v1/orders", orderBody(), "ada-1");
      expect(placed.status).toBe(201);
      const listed = async (client: Client) =>
        (await client.get("/api/v1/orders")).body.items.map(({ id }: { id: string }) => id);
      expect([await listed(ada), await listed(grace)]).toEqual([[placed.body.id], []]);
      expect((await ada.get(`/api/v1/orders/${placed.body.id}`)).status).toBe(200);
      for (const path of ["", "/history", "/payments", "/events"])
        expectProblem(await grace.get(`/api/v1/orders/${placed.body.id}${path}`), 404, "NOT_FOUND");
      expectProblem(await grace.post(`/api/v1/orders/${placed.body.id}/cancel`), 404, "NOT_FOUND");
      // The shop sees them all.
      const shop = await platform.client("demo-shop");
      expect(await listed(shop)).toEqual([placed.body.id]);
    });

    test("writes their address as they like", async () => {
      await logIn({ ...ADA, email: "Ada@Example.COM" });
    });

    test("learns from a refusal nothing of who has an account", async () => {
      const wrong = [
        { ...ADA, password: "wrong" },
        { ...ADA, email: "nobody@example.com" },
        { ...ADA, clientId: "nobody" },
        { ...ADA, clientId: "acme-shop" },
      ];
      const answers = [];
      for (const body of wrong) {
        const { status, body: problem } = await post("login", body);
        const { requestId: _, ...rest } = problem;
        answers.push({ status, rest });
      }
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(answers[0]).toMatchObject({ status: 401, rest: { code: "UNAUTHORIZED" } });
    });

    test("is named each field that is wrong, and is not let in by one that is none", async () => {
      const answer = await post("login", { clientId: "", email: "ada", password: 5, admin: true });
      expect(expectProblem(answer, 422, "VALIDATION_FAILED").sort()).toEqual([
        "/admin",
        "/clientId",
        "/email",
        "/password",
      ]);
      expectProblem(await post("login", { ...ADA, email: "' or 1=1 --@x.yz" }), 422);
      expectProblem(await post("login", { ...ADA, password: "' or 1=1 --" }), 401, "UNAUTHORIZED");
    });
  });

  describe("who registers", () => {
    test("can log in then, at their tenant alone", async () => {
      const answer = await post("register", { ...NEW, name: "Edsger" });
      expect([answer.status, answer.body]).toEqual([201, { email: NEW.email, name: "Edsger" }]);
      await logIn(NEW);
      expectProblem(await post("login", { ...NEW, clientId: "acme-shop" }), 401);
      expect((await post("register", { ...NEW, clientId: "acme-shop" })).status).toBe(201);
      await logIn({ ...NEW, clientId: "acme-shop" });
    });

    test("an address that is taken keeps its password, and does not say so", async () => {
      const [known, unknown] = [
        await post("register", { ...ADA, password: "another password" }),
        await post("register", { ...NEW, email: "tony@example.com", password: "another password" }),
      ];
      expect([known.status, Object.keys(known.body)]).toEqual([unknown.status, Object.keys(unknown.body)]);
      expectProblem(await post("login", { ...ADA, password: "another password" }), 401);
      await logIn();
    });

    test("many at once with one address are one", async () => {
      const count = async () => (await platform.owner.query("select from auth.customers")).rowCount;
      const before = (await count()) as number;
      const barbara = { ...NEW, email: "barbara@example.com" };
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => post("register", { ...barbara, password: `password number ${n}` })),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      expect(await count()).toBe(before + 1);
    });

    test("has a password that is nowhere to be read", async () => {
      await post("register", { ...NEW, email: "donald@example.com" });
      const { rows } = await platform.owner.query(
        "select password_hash from auth.customers order by created_at desc limit 1",
      );
      expect(rows[0].password_hash).toMatch(/^argon2id\$19456\$2\$1\$[\w-]{22}\$[\w-]{43}$/);
      expect(JSON.stringify(rows)).not.toContain(NEW.password);
    });
  });

  describe("a refresh token", () => {
    test("gives new tokens, by JSON and as RFC 6749 has it", async () => {
      const { refreshToken, client } = await logIn();
      const second = await refresh(refreshToken);
      expect(second.status).toBe(200);
      expect(second.body.access_token).not.toBe(client.token);
      expect(claimsOf(second.body.access_token)).toMatchObject({ customer: claimsOf(client.token as string).customer });
      const raw = new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: second.body.refresh_token,
        client_id: "demo-shop",
      }).toString();
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const third = await nobody.send("POST", "/api/v1/auth/token", { raw, headers });
      expect([third.status, Object.keys(third.body).sort()]).toEqual([200, Object.keys(second.body).sort()]);
      expect(await isLetIn(new Client(platform.url, third.body.access_token))).toBe(true);
    });

    test("that 50 requests show at once leaves one that is good, and logs nobody out", async () => {
      const { refreshToken } = await logIn();
      const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(refreshToken)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
      const { rows } = await platform.owner.query("select count(*)::int from auth.sessions where ended_at is null");
      expect(rows[0].count).toBe(1);
      expect((await refresh(answers[0]?.body.refresh_token)).status).toBe(200);
      for (const { body } of answers) expect(await isLetIn(new Client(platform.url, body.access_token))).toBe(true);
    });

    test("that was used up a while ago ends the login with all its tokens", async () => {
      const { refreshToken, client } = await logIn();
      const { body: second } = await refresh(refreshToken);
      await age(11);
      expectProblem(await refresh(refreshToken), 401, "UNAUTHORIZED");
      expectProblem(await refresh(second.refresh_token), 401, "UNAUTHORIZED");
      for (const token of [client.token as string, second.access_token]) await isRefused(token);
      const { rows } = await platform.owner.query("select end_reason from auth.sessions");
      expect(rows).toEqual([{ end_reason: "REUSED" }]);
      // Of the same customer another login goes on.
      await logIn();
    });

    test("that was used up twice ends the login at once", async () => {
      const { refreshToken } = await logIn();
      const second = await refresh(refreshToken);
      const third = await refresh(second.body.refresh_token);
      expectProblem(await refresh(refreshToken), 401);
      expectProblem(await refresh(third.body.refresh_token), 401);
    });

    test("is good for its own client alone, and for customers and clients who are still let in", async () => {
      const { refreshToken } = await logIn();
      const asked = { grant_type: "refresh_token", refresh_token: refreshToken };
      expectOAuthError(await post("token", { ...asked, client_id: "acme-shop" }), 400, "invalid_grant");
      const wrong = { client_id: "demo-shop", client_secret: "wrong" };
      expectOAuthError(await post("token", { ...asked, ...wrong }), 401, "invalid_client");
      expectOAuthError(await post("token", { grant_type: "refresh_token" }), 400, "invalid_request");
      for (const table of ["customers", "clients"]) {
        await platform.owner.query(`update auth.${table} set active = false`);
        expectProblem(await refresh(refreshToken), 401);
        await platform.owner.query(`update auth.${table} set active = true`);
      }
      expect((await refresh(refreshToken)).status).toBe(200);
    });

    test("ends with its login, half a year after it began, however often it was used", async () => {
      const { refreshToken } = await logIn();
      const begun = (days: number) =>
        platform.owner.query("update auth.sessions set created_at = now() - $1 * interval '1 day'", [days]);
      const daysLeft = async () => {
        const { rows } = await platform.owner.query(
          "select extract(epoch from expires_at - now())::int / 86400.0 as days from auth.sessions",
        );
        return Math.round(Number(rows[0].days));
      };
      await begun(100);
      const { body: second } = await refresh(refreshToken);
      expect(await daysLeft()).toBe(30);
      await begun(175);
      const { body: third } = await refresh(second.refresh_token);
      expect(await daysLeft()).toBe(5);
      await begun(181);
      // The one before may still come again, but the login is over for both.
      await platform.owner.query("update auth.sessions set expires_at = created_at + interval '180 days'");
      for (const token of [second.refresh_token, third.refresh_token]) expectProblem(await refresh(token), 401);
    });

    test("that is none is refused as every other", async () => {
      const { refreshToken } = await logIn();
      const foreign = Buffer.from(refreshToken, "base64url").fill(7, 0, 16).toString("base64url");
      for (const text of ["x", "", refreshToken.slice(1), `${refreshToken}A`, foreign]) {
        const answer = await refresh(text);
        expectProblem(answer, text === "" ? 422 : 401);
      }
      expect((await refresh(refreshToken)).status).toBe(200);
    });

    test("is nowhere to be read", async () => {
      const { refreshToken } = await logIn();
      const { rows } = await platform.owner.query("select s::text as row from auth.sessions s");
      const secret = Buffer.from(refreshToken, "base64url").subarray(16).toString("hex");
      expect(rows).toHaveLength(1);
      expect(rows[0].row).not.toContain(secret);
    });
  });

  describe("who logs out", () => {
    test("has no token any more, of that login alone", async () => {
      const [one, other] = [await logIn(), await logIn()];
      const { body: second } = await refresh(one.refreshToken);
      expect((await one.client.post("/api/v1/auth/logout", {})).status).toBe(204);
      for (const token of [one.client.token as string, second.access_token]) await isRefused(token);
      expectProblem(await refresh(second.refresh_token), 401);
      expect(await isLetIn(other.client)).toBe(true);
      expect((await refresh(other.refreshToken)).status).toBe(200);
    });

    test("may be logged out by the client, by either token", async () => {
      for (const kind of ["access", "refresh"]) {
        const { client, refreshToken } = await logIn();
        const token = kind === "access" ? client.token : refreshToken;
        const foreign = { client_id: "acme-operator", client_secret: "demo-secret" };
        expect((await post("revoke", { token, ...foreign })).status).toBe(200);
        expect(await isLetIn(client)).toBe(true);
        const own = { client_id: "demo-operator", client_secret: "demo-secret" };
        expect((await post("revoke", { token, ...own })).status).toBe(200);
        await isRefused(client.token as string);
        expectProblem(await refresh(refreshToken), 401);
      }
    });
  });

  test("can have a token looked at, and learns of every other only that it is not good", async () => {
    const { client } = await logIn();
    const answer = await post("validate", { token: client.token });
    expect(answer.body).toEqual({
      valid: true,
      tokenId: claimsOf(client.token as string).sid,
      tenant: "demo",
      client: "demo-shop",
      customer: claimsOf(client.token as string).customer,
      scopes: expect.arrayContaining(["orders:read"]),
      expiresAt: expect.stringMatching(/Z$/),
    });
    await client.post("/api/v1/auth/logout", {});
    await isRefused(client.token as string);
    for (const token of [client.token, "x"]) expect((await post("validate", { token })).body).toEqual({ valid: false });
  });

  test("logins that have ended are forgotten in time", async () => {
    const ids = [];
    for (let n = 0; n < 4; n++) ids.push((await logIn()).answer.body.access_token);
    const [expired, old, recent] = ids.map((token) => claimsOf(token).sid);
    const set = (id: unknown, change: string) =>
      platform.owner.query(`update auth.sessions set ${change} where id = $1`, [id]);
    await set(expired, "expires_at = now() - interval '25 hours'");
    await set(old, "ended_at = now() - interval '31 days', end_reason = 'LOGOUT'");
    await set(recent, "ended_at = now() - interval '29 days', end_reason = 'LOGOUT'");
    const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
    const database = new Database(platform.db.urls.auth, "auth", 1);
    await dropSessions(database.acrossTenants, { expired: ago(1), ended: ago(30) });
    await database.close();
    const { rows } = await platform.owner.query("select id from auth.sessions");
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set([recent, claimsOf(ids[3]).sid]));
  });
});

describe("a customer's tries are counted: who", () => {
  // What one test has used up the next one would lack.
  beforeEach(start);
  afterEach(() => platform.stop());

  test("logs in is refused after 20 wrong passwords in a minute, and others are not", async () => {
    for (let n = 0; n < 20; n++) expect((await post("login", { ...ADA, password: `wrong-${n}` })).status).toBe(401);
    const refused = await post("login", ADA);
    expectProblem(refused, 429, "RATE_LIMITED");
    expect(refused.headers["ratelimit-limit"]).toBe("20");
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    // In other letters it is the same account.
    expectProblem(await post("login", { ...ADA, email: "ADA@example.com" }), 429, "RATE_LIMITED");
    await logIn(GRACE);
  });

  test("logs in tries no more than 100 wrong passwords a minute on however many accounts", async () => {
    const answers: Answer[] = [];
    for (let from = 0; from < 130; from += 10) {
      const ten = Array.from({ length: 10 }, (_, n) =>
        post("login", { ...ADA, email: `user-${from + n}@example.com` }),
      );
      answers.push(...(await Promise.all(ten)));
    }
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(100);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.map(({ headers }) => headers["ratelimit-limit"])).toEqual(Array(30).fill("100"));
  });
  test("registers needs a password worth the name, a client that is there, and no more than 20 tries a minute", async () => {
    for (const password of ["short", "football2026", `${NEW.email}`])
      expect(expectProblem(await post("register", { ...NEW, password }), 422)).toEqual(["/password"]);
    expectProblem(await post("register", { ...NEW, clientId: "nobody" }), 401, "UNAUTHORIZED");
    const statuses = [];
    for (let n = 0; n < 22; n++) {
      statuses.push((await post("register", { ...NEW, email: `many-${n}@example.com` })).status);
    }
    expect(statuses).toEqual([...Array(20).fill(201), 429, 429]);
  });
});
