import { newId } from "../../../platform/ids.ts";
import type { Client } from "../../support/client.ts";
import type { TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { eventually } from "../../support/waiting.ts";
import { answer, isSignedBy, type Receiver } from "../../support/webhook-receiver.ts";
import { addWebhook, endedOrders, givenWebhooks, settled } from "../../support/webhooks.ts";

jest.setTimeout(60_000);

const PATH = "/api/v1/webhooks";

let platform: TestPlatform;
let operator: Client;
let shop: Client;
let receiver: Receiver;
givenWebhooks((given) => {
  ({ platform, shop, operator, receiver } = given);
});

describe("an endpoint", () => {
  test("is added, shown without its secret, changed, and removed with its history", async () => {
    const body = { url: receiver.url, events: ["orders.placed.v1"], description: "My shop" };
    const added = await operator.post(PATH, body);
    expect(added.status).toBe(201);
    const { secret, ...webhook } = added.body;
    expect(added.headers.location).toBe(`${PATH}/${webhook.id}`);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(webhook).toMatchObject({ ...body, enabled: true });
    const one = `${PATH}/${webhook.id}`;
    expect((await operator.get(one)).body).toEqual(webhook);
    expect((await operator.get(PATH)).body).toEqual({ items: [webhook], nextCursor: null });
    const changed = await operator.put(one, { events: [], enabled: false });
    expect(changed.body).toMatchObject({
      ...{ url: receiver.url, description: "My shop", events: [] },
      ...{ enabled: false, disabledReason: "OPERATOR", disabledAt: expect.any(String) },
    });
    const enabled = (await operator.put(one, { enabled: true })).body;
    expect(enabled).not.toHaveProperty("disabledReason");
    await operator.post(`${one}/test`);
    expect((await operator.send("DELETE", one)).status).toBe(204);
    expectProblem(await operator.get(one), 404, "NOT_FOUND");
    expectProblem(await operator.get(`${one}/deliveries`), 404, "NOT_FOUND");
    expectProblem(await operator.send("DELETE", one), 404, "NOT_FOUND");
    await eventually("nothing is left of it", async () => {
      const { rows } = await platform.owner.query(
        `select (select count(*) from webhooks.endpoints where id = $1)
           + (select count(*) from webhooks.deliveries where endpoint_id = $1) as count`,
        [webhook.id],
      );
      return rows[0].count === "0";
    });
  });

  test("is kept sealed: neither its URL nor its secret can be read in the database", async () => {
    const { id, secret } = await addWebhook(operator, { url: `${receiver.url}?token=canary-in-url` });
    receiver.answering = answer(200, {}, "canary-in-answer");
    await operator.post(`${PATH}/${id}/test`, {}, "a-key");
    const { rows } = await platform.owner.query(
      "select string_agg(t::text, ' ') as text from (select e::text as t from webhooks.endpoints e union all select a::text from webhooks.attempts a union all select k::text from webhooks.idempotency_keys k) all_rows",
    );
    const text = String(rows[0].text);
    const asBytes = (plain: string) => Buffer.from(plain).toString("hex");
    for (const plain of [secret, secret.slice(6), "canary-in-url", "canary-in-answer"]) {
      expect(text).not.toContain(plain);
      expect(text).not.toContain(asBytes(plain));
    }
    expect(text).toContain(id);
  });

  test("is answered once for a key, the second time without the secret", async () => {
    const [first, again] = [
      await operator.post(PATH, { url: receiver.url }, "one-endpoint"),
      await operator.post(PATH, { url: receiver.url }, "one-endpoint"),
    ];
    const { secret: _, ...webhook } = first.body;
    expect([again.status, again.headers["idempotency-replayed"], again.body]).toEqual([201, "true", webhook]);
    expect((await operator.get(PATH)).body.items).toHaveLength(1);
  });

  test("is one of 16 at most", async () => {
    const added = await Promise.all(Array.from({ length: 18 }, () => operator.post(PATH, { url: receiver.url })));
    expect(added.filter(({ status }) => status === 201)).toHaveLength(16);
    for (const refused of added.filter(({ status }) => status !== 201)) expectProblem(refused, 409, "CONFLICT");
  });

  test.each([
    ["http://shop.example/", "/url"],
    ["https://10.0.0.1/", "/url"],
    ["https://[::ffff:169.254.169.254]/", "/url"],
    ["http://127.0.0.2/", "/url"],
    ["https://user:word@shop.example/", "/url"],
    ["not a url", "/url"],
  ])("is refused at %s", async (url, path) => {
    const problem = await operator.post(PATH, { url });
    expectProblem(problem, 422, "VALIDATION_FAILED");
    expect(problem.body.errors).toEqual([{ path, message: expect.any(String) }]);
    const { id } = await addWebhook(operator, receiver);
    expectProblem(await operator.put(`${PATH}/${id}`, { url }), 422, "VALIDATION_FAILED");
  });

  test("is refused for types of events that nobody is told of", async () => {
    for (const type of ["orders.step_retried.v1", "payments.captured.v1", "ordersXplacedXv1", "*"])
      expectProblem(await operator.post(PATH, { url: receiver.url, events: [type] }), 422, "VALIDATION_FAILED");
  });
});

describe("a secret", () => {
  test("that is rotated signs beside the new one for the overlap, and no longer", async () => {
    const { id, secret } = await addWebhook(operator, receiver);
    const rotated = (await operator.post(`${PATH}/${id}/secret`)).body;
    expect(Date.parse(rotated.previousSecretUntil) - Date.parse(rotated.updatedAt)).toBe(86_400_000);
    await operator.post(`${PATH}/${id}/test`);
    const ended = (await operator.post(`${PATH}/${id}/secret`, { overlapSeconds: 0 })).body;
    expect(ended).not.toHaveProperty("previousSecretUntil");
    await operator.post(`${PATH}/${id}/test`);
    const [both, one] = receiver.journal;
    const secrets = [secret, rotated.secret, ended.secret];
    expect(secrets.map((known) => both && isSignedBy(known, both))).toEqual([true, true, false]);
    expect(secrets.map((known) => one && isSignedBy(known, one))).toEqual([false, false, true]);
  });
});

describe("a test", () => {
  test("is sent at once, and answered with what came back", async () => {
    const { id, secret } = await addWebhook(operator, receiver);
    receiver.answering = answer(201, { "x-shop": "here" }, "taken");
    const { status, body } = await operator.post(`${PATH}/${id}/test`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ type: "webhooks.test.v1", state: "DELIVERED", attempts: 1 });
    expect(body.calls).toEqual([
      {
        ...{ number: 1, at: expect.any(String), durationMs: expect.any(Number), status: 201 },
        response: { headers: expect.objectContaining({ "x-shop": "here" }), body: "taken" },
      },
    ]);
    const [call] = receiver.journal;
    expect(call && isSignedBy(secret, call)).toBe(true);
    expect([call?.id, call?.body]).toEqual([body.id, body.request.body]);
    expect(body.request.url).toBe(receiver.url);
    expect(body.request.headers).not.toHaveProperty("webhook-signature");
    expect((await operator.get(`${PATH}/${id}/deliveries/${body.id}`)).body).toEqual(body);
  });

  test("says why it has failed, and is a conflict for an endpoint that is disabled", async () => {
    const { id } = await addWebhook(operator, receiver);
    await receiver.close();
    const { body } = await operator.post(`${PATH}/${id}/test`);
    expect(body).toMatchObject({ state: "FAILED", calls: [{ error: "CONNECTION_FAILED" }] });
    await receiver.listen();
    await operator.put(`${PATH}/${id}`, { enabled: false });
    expectProblem(await operator.post(`${PATH}/${id}/test`), 409, "CONFLICT");
    expect(receiver.journal).toEqual([]);
  });

  test("is sent once for a key", async () => {
    const { id } = await addWebhook(operator, receiver);
    const [first, again] = [
      await operator.post(`${PATH}/${id}/test`, {}, "one-test"),
      await operator.post(`${PATH}/${id}/test`, {}, "one-test"),
    ];
    expect(again.body).toEqual(first.body);
    expect(receiver.journal).toHaveLength(1);
  });
});

describe("the history", () => {
  test("has every delivery, page by page, by state and by time, with each answer", async () => {
    let calls = 0;
    receiver.answering = (...call) => (calls++ === 0 ? answer(500, {}, "no") : answer(200, {}, "yes"))(...call);
    const { id } = await addWebhook(operator, receiver, { events: ["orders.placed.v1", "orders.delivered.v1"] });
    const from = new Date().toISOString();
    await endedOrders(shop, 2);
    await settled(operator, id);
    const list = async (query: string) => (await operator.get(`${PATH}/${id}/deliveries?${query}`)).body;
    const all = await list("limit=100");
    expect(all.items).toHaveLength(4);
    expect(new Set(all.items.map(({ id }: { id: string }) => id))).toEqual(new Set(receiver.taken.map(({ id }) => id)));
    const pages = [await list("limit=3")];
    pages.push(await list(`limit=3&cursor=${pages[0].nextCursor}`));
    expect(pages.flatMap(({ items }) => items)).toEqual(all.items);
    expect(pages[1].nextCursor).toBeNull();
    expect((await list("state=DELIVERED")).items).toEqual(all.items);
    expect((await list("state=FAILED")).items).toEqual([]);
    expect((await list(`from=${from}`)).items).toEqual(all.items);
    expect((await list(`to=${from}`)).items).toEqual([]);
    const retried = all.items.find(({ attempts }: { attempts: number }) => attempts === 2);
    const { body } = await operator.get(`${PATH}/${id}/deliveries/${retried.id}`);
    expect(body.calls).toMatchObject([
      { number: 1, status: 500, response: { body: "no" } },
      { number: 2, status: 200, response: { body: "yes" } },
    ]);
    expect(body.request.headers["webhook-id"]).toBe(retried.id);
  });

  test("is gone after 30 days, with what was sent and answered", async () => {
    const { id } = await addWebhook(operator, receiver);
    const { body: old } = await operator.post(`${PATH}/${id}/test`);
    const { body: fresh } = await operator.post(`${PATH}/${id}/test`);
    const long = "00000000-0000-7000-8000-000000000001";
    const { owner } = platform;
    await owner.query("update webhooks.attempts set delivery_id = $2 where delivery_id = $1", [old.id, long]);
    await owner.query("update webhooks.deliveries set id = $2 where id = $1", [old.id, long]);
    await owner.query("update webhooks.payloads set recorded_at = now() - interval '32 days' where event_id = $1", [
      old.eventId,
    ]);
    // Wakes who removes what is old.
    const { id: other } = await addWebhook(operator, receiver);
    await operator.send("DELETE", `${PATH}/${other}`);
    await eventually("it is gone", async () => {
      const { rows } = await owner.query(
        `select (select count(*) from webhooks.attempts where delivery_id = $1)
           + (select count(*) from webhooks.payloads where event_id = $2) as count`,
        [long, old.eventId],
      );
      return rows[0].count === "0";
    });
    const { items } = (await operator.get(`${PATH}/${id}/deliveries`)).body;
    expect(items.map(({ id }: { id: string }) => id)).toEqual([fresh.id]);
  });
});

describe("a replay", () => {
  test("sends one again, or those of a time, each under its id and in its order's sequence", async () => {
    const { id } = await addWebhook(operator, receiver);
    const [order] = await endedOrders(shop, 1);
    await settled(operator, id);
    const sent = receiver.journal.map((call) => call.id);
    const one = await operator.post(`${PATH}/${id}/deliveries/${sent[2]}/replay`);
    expect(one.body).toMatchObject({ id: sent[2], state: "PENDING" });
    await settled(operator, id);
    expect(receiver.journal.map((call) => call.id)).toEqual([...sent, sent[2]]);
    const range = await operator.post(`${PATH}/${id}/replay`, { from: "2026-01-01T00:00:00.000Z" });
    expect(range.body).toEqual({ replayed: order?.events.length, more: false, nextCursor: null });
    await settled(operator, id);
    expect(receiver.journal.slice(sent.length + 1).map((call) => call.id)).toEqual(sent);
    const none = await operator.post(`${PATH}/${id}/replay`, { to: "2026-01-01T00:00:00.000Z" });
    expect(none.body.replayed).toBe(0);
  });

  test("of more than goes at a time says so, and goes on where it ended whatever was sent meanwhile", async () => {
    const { id } = await addWebhook(operator, receiver);
    await operator.put(`${PATH}/${id}`, { enabled: false });
    await platform.owner.query(
      `insert into webhooks.deliveries (endpoint_id, id, tenant, event_id, order_id, sequence, type, version, state, due_at,
         settled_at, created_at)
       select $1, uuidv7(), 'demo', gen_random_uuid(), gen_random_uuid(), n, 'orders.placed.v1', 1, 'DELIVERED', now(), now(), now()
       from generate_series(1, 10001) n`,
      [id],
    );
    const replay = (body: object) => operator.post(`${PATH}/${id}/replay`, body);
    const first = await replay({ state: "DELIVERED" });
    expect(first.body).toEqual({ replayed: 10_000, more: true, nextCursor: expect.any(String) });
    await platform.owner.query("update webhooks.deliveries set state = 'DELIVERED' where endpoint_id = $1", [id]);
    const { nextCursor: cursor } = first.body;
    expect((await replay({ state: "DELIVERED", cursor })).body).toEqual({ replayed: 1, more: false, nextCursor: null });
    expectProblem(await replay({ cursor: "nonsense" }), 422, "VALIDATION_FAILED");
  });

  test("of what is not there is a 404", async () => {
    const { id } = await addWebhook(operator, receiver);
    expectProblem(await operator.post(`${PATH}/${id}/deliveries/${newId()}/replay`), 404, "NOT_FOUND");
    expectProblem(await operator.post(`${PATH}/${newId()}/replay`, { state: "FAILED" }), 404, "NOT_FOUND");
  });
});
