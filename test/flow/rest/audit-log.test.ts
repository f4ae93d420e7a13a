import pg from "pg";
import { newId } from "../../../platform/ids.ts";
import { type Answer, Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { ROUTES } from "../../support/routes.ts";
import { almighty, buildWorld, confirmedOrder, SKU, samplesOf, type World, webhook } from "../../support/samples.ts";

jest.setTimeout(60_000);

const LOG = "/api/v1/admin/audit-log";
const thing = (sku: string) => ({ sku, name: "A thing", price: { amount: 5, currency: "EUR" } });

describe("the audit log", () => {
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

  /** What the log has of a request. */
  const recorded = async ({ headers }: Answer) => {
    const { body } = await operator.get(`${LOG}?limit=100`);
    return body.items.filter(({ requestId }: { requestId: string }) => requestId === headers["x-request-id"]);
  };
  const verify = (noted: object = {}) =>
    platform
      .node("auth")
      .call<{ rows: number; hash: string; broken?: { sequence: number; reason: string } }, object>(
        "auth.verifyAuditLog",
        noted,
        { meta: { identity: { tenant: "*", client: "operator:test", scopes: ["platform", "admin"] } } },
      );

  describe("has every privileged act", () => {
    const PRIVILEGED = Object.entries(ROUTES)
      .filter(([route]) => !route.startsWith("GET "))
      .filter(
        ([route, scope]) =>
          scope === "admin" || scope === "platform" || /PUT \/inventory|\/adjust$|\w+ \/products/.test(route),
      )
      .map(([route]) => route.replace(" ", " /api/v1"));

    /** Where an act without a body goes: to something that may be gone afterwards. */
    const pathTo = async (template: string) => {
      if (template.includes("/templates/"))
        return template.replace("{type}", "ORDER_PLACED").replace("{medium}", "email").replace("{language}", "fr");
      const id = template.includes("/customers/")
        ? world.customer
        : template.includes("/webhooks/")
          ? (await webhook(operator)).webhook
          : (await operator.post("/api/v1/products", thing("GONE-SOON"))).body.id;
      return template.replace("{id}", id);
    };

    test("there are some", () => expect(PRIVILEGED.length).toBeGreaterThan(10));

    test.each(PRIVILEGED)("%s", async (route) => {
      const spare = await confirmedOrder(operator);
      const samples = samplesOf({ ...world, order: spare.id });
      const [method = "", template = ""] = route.split(" ");
      const sample = samples.find(({ operation }) => operation === route) ?? {
        path: await pathTo(template),
        body: {},
      };
      const answer = await operator.send(method, sample.path, {
        ...(method !== "DELETE" && { body: sample.body }),
        key: newId(),
      });
      const acts = await recorded(answer);
      expect(acts.length).toBeGreaterThan(0);
      for (const act of acts) {
        expect(act).toMatchObject({
          tenant: "demo",
          actor: { client: "demo-operator" },
          address: expect.stringMatching(/127\.0\.0\.1|::1/),
          outcome: answer.status < 300 ? "OK" : answer.body.code,
        });
        expect(act.endedAt >= act.at).toBe(true);
        // What somebody has written freely may be about a person.
        expect(JSON.stringify(act)).not.toMatch(/by hand|hopeless|counted again|Really a thing/);
      }
    });
  });

  test("says what was done to what, and how it ended", async () => {
    const set = await operator.put(`/api/v1/inventory/${SKU}`, { onHand: 999_000 });
    expect(await recorded(set)).toEqual([
      expect.objectContaining({
        action: "inventory.set",
        object: SKU,
        params: { onHand: 999_000 },
        outcome: "OK",
      }),
    ]);
    const stale = await operator.put(`/api/v1/inventory/${SKU}`, { onHand: 999_000, version: 1 });
    expectProblem(stale, 409, "STALE_VERSION");
    expect(await recorded(stale)).toEqual([expect.objectContaining({ outcome: "STALE_VERSION" })]);
    const product = thing("AUDITED-1");
    const made = await operator.post("/api/v1/products", product);
    expect(await recorded(made)).toEqual([
      expect.objectContaining({
        action: "catalog.create",
        object: made.body.id,
        params: { sku: "AUDITED-1", price: product.price },
      }),
    ]);
  });

  test("has nothing of what was not let through, and nothing of orders", async () => {
    const courier = await platform.client("demo-courier");
    const refused = [
      await courier.put(`/api/v1/inventory/${SKU}`, { onHand: 1 }),
      await operator.put(`/api/v1/inventory/${SKU}`, { onHand: -1 }),
      await operator.put(`/api/v1/orders/${newId()}/status`, { status: "NOPE" }),
      await operator.post("/api/v1/orders", orderBody(), newId()),
      await operator.get("/api/v1/admin/processes"),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 422, 404, 201, 200]);
    for (const answer of refused) expect(await recorded(answer)).toEqual([]);
  });

  test("shows a tenant its own acts, and the platform's operators all", async () => {
    const acme = await platform.client("acme-operator");
    const theirs = await acme.put(`/api/v1/inventory/${SKU}`, { onHand: 7_000_000 });
    expect(theirs.status).toBe(200);
    expect(await recorded(theirs)).toHaveLength(1);
    // A token need not carry all that its client may.
    const asked = { grant_type: "client_credentials", client_id: "demo-operator", client_secret: "demo-secret" };
    const { body: narrow } = await new Client(platform.url).post("/api/v1/auth/token", { ...asked, scope: "admin" });
    const own = (await new Client(platform.url, narrow.access_token).get(`${LOG}?limit=100`)).body.items;
    expect(new Set(own.map(({ tenant }: { tenant: string }) => tenant))).toEqual(new Set(["demo"]));
    const seen = (await acme.get(`${LOG}?limit=100`)).body.items;
    expect(seen).toEqual([expect.objectContaining({ tenant: "acme", action: "inventory.set" })]);
    const all = (await (await platform.client("waybill-operator")).get(`${LOG}?limit=100`)).body.items;
    expect(new Set(all.map(({ tenant }: { tenant: string }) => tenant))).toEqual(
      new Set(["*", "waybill", "demo", "acme"]),
    );
    expectProblem(await (await platform.client("demo-shop")).get(LOG), 403, "FORBIDDEN");
  });

  test("is paged and filtered", async () => {
    const { items } = (await operator.get(`${LOG}?limit=100`)).body;
    const paged = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await operator.get(`${LOG}?limit=5${cursor && `&cursor=${cursor}`}`);
      expect(body.items.length).toBeLessThanOrEqual(5);
      paged.push(...body.items);
      cursor = body.nextCursor;
    }
    expect(paged).toEqual(items);
    const sequences = items.map(({ sequence }: { sequence: number }) => sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => b - a));
    const [, newest] = items;
    const found = async (query: string) => (await operator.get(`${LOG}?limit=100&${query}`)).body.items;
    expect(await found("actor=nobody")).toEqual([]);
    const own = items.filter(({ actor }: { actor: { client: string } }) => actor.client === "demo-operator");
    expect(await found("actor=demo-operator")).toEqual(own);
    const sets = await found("action=inventory.set");
    expect(sets.length).toBeGreaterThan(0);
    expect(new Set(sets.map(({ action }: { action: string }) => action))).toEqual(new Set(["inventory.set"]));
    expect((await found(`from=${newest.at}`)).map(({ id }: { id: string }) => id)).toContain(newest.id);
    expect((await found(`to=${newest.at}`)).map(({ id }: { id: string }) => id)).not.toContain(newest.id);
    for (const [query, field] of [
      ["cursor=nope", "/cursor"],
      ["from=yesterday", "/from"],
      ["actor=", "/actor"],
      ["limit=0", "/limit"],
      ["who=me", "/who"],
    ] as const)
      expect(expectProblem(await operator.get(`${LOG}?${query}`), 422, "VALIDATION_FAILED")).toEqual([field]);
  });

  test("can only be added to and read by the role of its domain", async () => {
    const client = new pg.Client({ connectionString: platform.db.urls.auth, options: "-c search_path=auth" });
    await client.connect();
    try {
      // That for all tenants, in which the connections of the domain begin.
      await client.query("set role waybill_auth_all");
      const before = (await client.query("select count(*)::int as rows from audit_log")).rows[0].rows;
      expect(before).toBeGreaterThan(0);
      for (const sql of [
        "update audit_log set client = 'somebody'",
        "delete from audit_log",
        "truncate audit_log",
        "drop table audit_log",
        "alter table audit_log disable trigger all",
      ])
        for (const role of ["waybill_auth_all", "none"]) {
          await client.query(`set role ${role}`);
          await expect(client.query(sql)).rejects.toMatchObject({ code: "42501" });
        }
    } finally {
      await client.end();
    }
  });

  test("is a condition of every act: what cannot be recorded is not done", async () => {
    const path = `/api/v1/inventory/${SKU}`;
    const before = (await operator.get(path)).body;
    await platform.owner.query("revoke insert on auth.audit_log from waybill_auth, waybill_auth_all");
    try {
      const answer = await operator.put(path, { onHand: before.onHand - 1 });
      expectProblem(answer, 503, "UNAVAILABLE");
      expect(answer.headers["retry-after"]).toBe("2");
      expect((await operator.get(path)).body).toEqual(before);
      // Orders need no record.
      expect((await operator.post("/api/v1/orders", orderBody(), newId())).status).toBe(201);
    } finally {
      await platform.owner.query("grant insert on auth.audit_log to waybill_auth, waybill_auth_all");
    }
    expect((await operator.put(path, { onHand: before.onHand - 1 })).status).toBe(200);
  });

  describe("that was tampered with", () => {
    const asOwner = (sql: string) => platform.owner.query(sql);

    test("is whole before", async () => {
      const { rows, broken } = await verify();
      expect(broken).toBeUndefined();
      expect(rows).toBeGreaterThan(10);
    });

    test.each([
      ["changed", "update auth.audit_log set client = 'somebody' where sequence = 3", 3, "it is not as it was written"],
      ["moved", "update auth.audit_log set at = at - interval '1 day' where sequence = 4", 4, "not as it was written"],
      ["taken out", "delete from auth.audit_log where sequence = 5", 6, "the rows from 5 to 5 are missing"],
    ])("names the first row that does not fit: one was %s", async (_, sql, sequence, reason) => {
      await asOwner("create temporary table kept as select * from auth.audit_log");
      await asOwner("alter table auth.audit_log drop constraint if exists audit_log_act_fkey");
      try {
        await asOwner(sql);
        expect((await verify()).broken).toEqual({ sequence, reason: expect.stringContaining(reason) });
      } finally {
        await asOwner("begin; delete from auth.audit_log; insert into auth.audit_log select * from kept; commit");
        await asOwner("drop table kept");
      }
      expect((await verify()).broken).toBeUndefined();
    });

    test("is held against a hash that was noted: one that was cut off, or made anew, has another", async () => {
      const { rows: sequence, hash } = await verify();
      expect((await verify({ sequence, hash })).broken).toBeUndefined();
      expect((await verify({ sequence: sequence + 1, hash })).broken).toEqual({
        sequence: sequence + 1,
        reason: `the log ends before ${sequence + 1}`,
      });
      expect((await verify({ sequence, hash: "0".repeat(64) })).broken).toEqual({
        sequence,
        reason: "it has another hash",
      });
    });
  });
});
