import pg from "pg";
import { newId } from "../../../platform/ids.ts";
import { Client } from "../../support/client.ts";
import { Feed } from "../../support/feed.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectOAuthError, expectProblem } from "../../support/problem.ts";
import { claimsOf } from "../../support/tokens.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const LOGINS = "/api/v1/users/logins";
const ADA = { clientId: "demo-shop", email: "ada@example.com", password: "correct horse battery staple" };
const GRACE = { ...ADA, email: "grace@example.com" };

interface Login {
  readonly client: Client;
  readonly id: string;
  readonly customer: string;
  readonly refreshToken: string;
}

describe("logins", () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startPlatform();
  });
  beforeEach(() => platform.owner.query("delete from auth.sessions; update auth.customers set active = true"));
  afterEach(() => Feed.closeAll());
  afterAll(() => platform.stop());

  const post = (path: string, body: object) => new Client(platform.url).post(`/api/v1/auth/${path}`, body);
  const logIn = async (body: object = ADA): Promise<Login> => {
    const answer = await post("login", body);
    if (answer.status !== 200) throw new Error(answer.text);
    const { access_token: token, refresh_token: refreshToken } = answer.body;
    const { sid, customer } = claimsOf(token) as { sid: string; customer: string };
    return { client: new Client(platform.url, token), id: sid, customer, refreshToken };
  };
  const isRefused = async ({ client }: Login) => (await client.get("/api/v1/users/profile")).status === 401;
  const expectEnded = async (login: Login) => {
    await eventually("its access token is refused", () => isRefused(login));
    expectProblem(await post("refresh", { refreshToken: login.refreshToken }), 401);
    const asked = { grant_type: "refresh_token", refresh_token: login.refreshToken };
    expectOAuthError(await post("token", asked), 400, "invalid_grant");
  };
  const expectGood = async (login: Login) => {
    expect(await isRefused(login)).toBe(false);
    expect((await post("refresh", { refreshToken: login.refreshToken })).status).toBe(200);
  };

  describe("of a customer", () => {
    test("are listed for themselves, newest first, in pages, and say which one asks", async () => {
      await platform.owner.query(
        "update auth.clients set grants = '{client_credentials,password}' where id = 'demo-operator'",
      );
      const mine = [await logIn(), await logIn({ ...ADA, clientId: "demo-operator" }), await logIn()];
      await logIn(GRACE);
      const [first, second, third] = mine as [Login, Login, Login];
      const { body } = await second.client.get(LOGINS);
      expect(body.items.map(({ id }: Login) => id)).toEqual([third.id, second.id, first.id]);
      expect(body.items[1]).toEqual({
        id: second.id,
        client: "demo-operator",
        ...{ createdAt: expect.stringMatching(/Z$/), lastUsedAt: body.items[1].createdAt },
        expiresAt: expect.stringMatching(/Z$/),
        current: true,
      });
      const days = (Date.parse(body.items[1].expiresAt) - Date.parse(body.items[1].createdAt)) / 86_400_000;
      expect(Math.round(days * 100) / 100).toBe(30);
      expect(body.items.map(({ current }: { current: boolean }) => current)).toEqual([false, true, false]);
      const page = (await second.client.get(`${LOGINS}?limit=2`)).body;
      const rest = (await second.client.get(`${LOGINS}?limit=2&cursor=${page.nextCursor}`)).body;
      expect([...page.items, ...rest.items]).toEqual(body.items);
      expect(rest.nextCursor).toBeNull();
      expect((await second.client.get(`${LOGINS}/${first.id}`)).body).toEqual(body.items[2]);
    });

    test("say when they were used last, and are gone once they are over", async () => {
      const [login, expired] = [await logIn(), await logIn()];
      await platform.owner.query("update auth.sessions set refreshed_at = now() - interval '1 day' where id = $1", [
        login.id,
      ]);
      const { body } = await post("refresh", { refreshToken: login.refreshToken });
      await platform.owner.query("update auth.sessions set expires_at = now() where id = $1", [expired.id]);
      const { items } = (await new Client(platform.url, body.access_token).get(LOGINS)).body;
      expect(items).toHaveLength(1);
      expect(Date.parse(items[0].lastUsedAt)).toBeGreaterThan(Date.parse(items[0].createdAt));
      expectProblem(await login.client.get(`${LOGINS}/${expired.id}`), 404, "NOT_FOUND");
    });

    test("are ended by them one by one, with their tokens and feeds", async () => {
      const [own, lost, other] = [await logIn(), await logIn(), await logIn()];
      const feed = await Feed.open(platform.url, "/api/v1/events", { authorization: `Bearer ${lost.client.token}` });
      expect(feed.status).toBe(200);
      const answer = await own.client.send("DELETE", `${LOGINS}/${lost.id}`);
      expect([answer.status, answer.text]).toEqual([204, ""]);
      await expectEnded(lost);
      await eventually("its feed has ended", () => feed.ended);
      expectProblem(await own.client.send("DELETE", `${LOGINS}/${lost.id}`), 404, "NOT_FOUND");
      await expectGood(own);
      await expectGood(other);
      expect((await own.client.send("DELETE", `${LOGINS}/${own.id}`)).status).toBe(204);
      await expectEnded(own);
    });

    test("are nobody else's to see or to end", async () => {
      const [ada, grace] = [await logIn(), await logIn(GRACE)];
      for (const id of [ada.id, newId()]) {
        for (const method of ["GET", "DELETE"])
          expectProblem(await grace.client.send(method, `${LOGINS}/${id}`), 404, "NOT_FOUND");
      }
      expectProblem(await (await platform.client("demo-operator")).get(LOGINS), 403, "FORBIDDEN");
      await expectGood(ada);
    });
  });

  describe("an operator", () => {
    const path = ({ customer }: Login) => `/api/v1/admin/customers/${customer}`;

    test("ends all of a customer, who may log in again", async () => {
      const operator = await platform.client("demo-operator");
      const [one, two, grace] = [await logIn(), await logIn(), await logIn(GRACE)];
      const answer = await operator.send("DELETE", `${path(one)}/logins`);
      expect([answer.status, answer.text]).toEqual([204, ""]);
      for (const login of [one, two]) await expectEnded(login);
      await expectGood(grace);
      await expectGood(await logIn());
    });

    test("disables a customer, who is refused as with a wrong password, and enables them again", async () => {
      const operator = await platform.client("demo-operator");
      const [ada, grace] = [await logIn(), await logIn(GRACE)];
      const feed = await Feed.open(platform.url, "/api/v1/events", { authorization: `Bearer ${ada.client.token}` });
      expect(feed.status).toBe(200);
      const disabled = await operator.put(path(ada), { active: false });
      expect([disabled.status, disabled.body]).toEqual([
        200,
        { id: ada.customer, tenant: "demo", active: false, createdAt: expect.stringMatching(/Z$/) },
      ]);
      expect((await operator.get(path(ada))).body).toEqual(disabled.body);
      await expectEnded(ada);
      await eventually("their feed has ended", () => feed.ended);
      const shown = async (body: object) => {
        const { status, body: problem } = await post("login", body);
        return { status, ...problem, requestId: "" };
      };
      expect(await shown(ADA)).toEqual(await shown({ ...GRACE, password: "a wrong password" }));
      await expectGood(grace);
      expect((await operator.put(path(ada), { active: true })).body.active).toBe(true);
      await expectEnded(ada);
      await expectGood(await logIn());
    });

    test("who disables a customer leaves no way in to a login that had just shown the password", async () => {
      const operator = await platform.client("demo-operator");
      const ada = await logIn();
      const holder = new pg.Client({ connectionString: platform.db.ownerUrl });
      await holder.connect();
      await holder.query("begin");
      await holder.query("select from auth.customers where id = $1 for update", [ada.customer]);
      const late = post("login", ADA);
      await eventually("it waits to be added", async () => {
        const { rowCount } = await platform.owner.query(
          "select from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into sessions%'",
        );
        return rowCount === 1;
      });
      await holder.query("update auth.customers set active = false where id = $1", [ada.customer]);
      await holder.query("commit");
      await holder.end();
      expectProblem(await late, 401, "UNAUTHORIZED");
      expect((await operator.get(path(ada))).body.active).toBe(false);
    });

    test("sees and changes the own tenant's customers alone", async () => {
      const ada = await logIn();
      for (const other of ["acme-operator", "demo-shop"]) {
        const client = await platform.client(other);
        const status = other === "demo-shop" ? 403 : 404;
        expectProblem(await client.get(path(ada)), status);
        expectProblem(await client.put(path(ada), { active: false }), status);
        expectProblem(await client.send("DELETE", `${path(ada)}/logins`), status);
      }
      expect((await (await platform.client("waybill-operator")).get(path(ada))).body.tenant).toBe("demo");
      await expectGood(ada);
    });

    test("is told what is wrong, and is on record", async () => {
      const operator = await platform.client("demo-operator");
      const ada = await logIn();
      expect(expectProblem(await operator.put(path(ada), {}), 422)).toEqual(["/active"]);
      expect(expectProblem(await operator.put(path(ada), { active: "no" }), 422)).toEqual(["/active"]);
      await operator.put(path(ada), { active: false });
      await operator.send("DELETE", `${path(ada)}/logins`);
      const { items } = (await operator.get("/api/v1/admin/audit-log?limit=2")).body;
      expect(items).toMatchObject([
        { action: "auth.endLogins", object: ada.customer, outcome: "OK", params: {} },
        { action: "auth.updateCustomer", object: ada.customer, outcome: "OK", params: { active: false } },
      ]);
    });
  });
});
