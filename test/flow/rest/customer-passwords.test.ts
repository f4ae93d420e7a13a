import pg from "pg";
import { type Answer, Client } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const OLD = "correct horse battery staple";
const NEW = "an entirely different one";
const ADA = { clientId: "demo-shop", email: "ada@example.com" };
const GRACE = { ...ADA, email: "grace@example.com" };

describe("a customer's password", () => {
  let platform: TestPlatform;
  /** Of the password that the fixtures' customers have. */
  let hash: string;
  beforeAll(async () => {
    platform = await startPlatform();
    hash = (await platform.owner.query("select password_hash from auth.customers")).rows[0].password_hash;
  });
  beforeEach(async () => {
    await platform.owner.query("delete from auth.sessions");
    await platform.owner.query("update auth.customers set password_hash = $1", [hash]);
  });
  afterAll(() => platform.stop());

  const post = (path: string, body: object) => new Client(platform.url).post(`/api/v1/auth/${path}`, body);
  const logIn = async (password = OLD, who = ADA) => {
    const { status, text, body } = await post("login", { ...who, password });
    if (status !== 200) throw new Error(text);
    return { client: new Client(platform.url, body.access_token), refreshToken: body.refresh_token as string };
  };
  const change = (client: Client, currentPassword: string, newPassword: string): Promise<Answer> =>
    client.post("/api/v1/users/password", { currentPassword, newPassword });
  const isLetIn = async (client: Client) => (await client.get("/api/v1/users/profile")).status === 200;

  test("is changed by whoever shows it, and is then the only one", async () => {
    const { client } = await logIn();
    const answer = await change(client, OLD, NEW);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expectProblem(await post("login", { ...ADA, password: OLD }), 401, "UNAUTHORIZED");
    expect(await isLetIn((await logIn(NEW)).client)).toBe(true);
    const { rows } = await platform.owner.query("select c::text as row from auth.customers c");
    expect(JSON.stringify(rows)).not.toContain(NEW);
  });

  test("ends all other logins when it is changed, and not the one that it is changed by", async () => {
    const [own, other, third] = [await logIn(), await logIn(), await logIn()];
    const grace = await post("login", { ...GRACE, password: OLD });
    expect((await change(own.client, OLD, NEW)).status).toBe(204);
    for (const { client, refreshToken } of [other, third]) {
      await eventually("its access token is refused", async () => !(await isLetIn(client)));
      expectProblem(await post("refresh", { refreshToken }), 401);
    }
    expect(await isLetIn(own.client)).toBe(true);
    expect((await post("refresh", { refreshToken: own.refreshToken })).status).toBe(200);
    expect((await post("refresh", { refreshToken: grace.body.refresh_token })).status).toBe(200);
    const { rows } = await platform.owner.query(
      "select end_reason, count(*)::int from auth.sessions group by 1 order by 1",
    );
    expect(rows).toEqual([
      { end_reason: "PASSWORD", count: 2 },
      { end_reason: null, count: 2 },
    ]);
  });

  test("lets nobody in who had shown the old one just before it was changed", async () => {
    const { client } = await logIn();
    // Verified with the old password, and not yet added: the lock holds the logins that come meanwhile.
    const holder = new pg.Client({ connectionString: platform.db.ownerUrl });
    await holder.connect();
    await holder.query("begin");
    await holder.query("lock table auth.sessions in share row exclusive mode");
    const late = post("login", { ...ADA, password: OLD });
    await eventually("it waits to be added", async () => {
      const { rowCount } = await platform.owner.query(
        "select from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into sessions%'",
      );
      return rowCount === 1;
    });
    await platform.owner.query("update auth.customers set password_hash = 'argon2id$8$1$1$AA$AA'");
    await holder.end();
    expectProblem(await late, 401, "UNAUTHORIZED");
    expect(await isLetIn(client)).toBe(true);
  });

  test("of two changes at the same time one is made", async () => {
    const { client } = await logIn();
    const answers = await Promise.all(
      ["first new password", "second new password"].map((one) => change(client, OLD, one)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 422]);
  });

  test("stays when the one that is shown is wrong, which is said of no other member", async () => {
    const { client } = await logIn();
    expect(expectProblem(await change(client, "not the right one", NEW), 422)).toEqual(["/currentPassword"]);
    expect(await isLetIn((await logIn()).client)).toBe(true);
  });

  test.each([
    ["too short", "/newPassword"],
    ["password1234", "/newPassword"],
    ["demo-shop2026", "/newPassword"],
    ["ada@example.com", "/newPassword"],
    ["x".repeat(201), "/newPassword"],
  ])("is not changed to %j", async (password, field) => {
    const { client } = await logIn();
    expect(expectProblem(await change(client, OLD, password), 422)).toEqual([field]);
    await logIn();
  });

  test("is guessed at by a stolen token no more often than by logging in, both counted together", async () => {
    const { client } = await logIn(OLD, GRACE);
    for (let guess = 0; guess < 10; guess++) {
      expectProblem(await change(client, `wrong password ${guess}`, NEW), 422);
      expectProblem(await post("login", { ...GRACE, password: `wrong password ${guess}` }), 401);
    }
    const refused = await change(client, OLD, NEW);
    expectProblem(refused, 429, "RATE_LIMITED");
    expect(refused.headers).toMatchObject({ "ratelimit-limit": "20", "retry-after": expect.any(String) });
    expectProblem(await post("login", { ...GRACE, password: OLD }), 429, "RATE_LIMITED");
  });

  test("is a customer's own to change: a client's token is not for it", async () => {
    expectProblem(await change(await platform.client("demo-operator"), OLD, NEW), 403, "FORBIDDEN");
    expectProblem(await change(new Client(platform.url), OLD, NEW), 401, "UNAUTHORIZED");
  });
});
