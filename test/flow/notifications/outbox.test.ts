import { newId } from "../../../platform/ids.ts";
import { type Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { deadMessage } from "../../support/samples.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const OUTBOX = "/api/v1/admin/outbox";

describe("the outbox", () => {
  let platform: TestPlatform;
  let operator: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    operator = await platform.client("demo-operator");
  });
  afterAll(() => platform.stop());

  const place = async (client: Client, email: string): Promise<string> => {
    const { sku } = (await client.get("/api/v1/products?limit=1")).body.items[0];
    const body = orderBody({ items: [{ sku, quantity: 1 }], customer: { email } });
    const placed = await client.post("/api/v1/orders", body, newId());
    expect(placed.status).toBe(201);
    await eventually("all is sent", async () => {
      const { rows } = await platform.owner.query(
        "select from notifications.messages where order_id = $1 and state = 'SENT'",
        [placed.body.id],
      );
      return rows.length === 4;
    });
    return placed.body.id;
  };
  // biome-ignore lint/suspicious/noExplicitAny: what the API answers
  const pages = async (query: string): Promise<any[]> => {
    const found = [];
    let cursor: string | null = "";
    for (let page = 0; cursor !== null && page < 50; page++) {
      const next: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const { status, body } = await operator.get(`${OUTBOX}?limit=3${query}${next}`);
      expect(status).toBe(200);
      found.push(...body.items);
      cursor = body.nextCursor;
    }
    return found;
  };

  test("shows what customers were told, page by page, to their own shop alone", async () => {
    const own = [await place(operator, "one@example.com"), await place(operator, "two@example.com")];
    const acme = await platform.client("acme-operator");
    const theirs = await place(acme, "theirs@example.com");
    const all = await pages("");
    expect(all.map(({ orderId }) => orderId)).toEqual([...Array(4).fill(own[1]), ...Array(4).fill(own[0])]);
    expect(new Set(all.map(({ id }) => id)).size).toBe(8);
    expect(await pages(`&orderId=${own[0]}`)).toEqual(all.slice(4));
    expect(await pages("&medium=sms")).toEqual([]);
    expect(await pages("&state=SENT&medium=email")).toEqual(all);
    expect(all.at(-1)).toMatchObject({
      ...{ type: "ORDER_PLACED", medium: "email", state: "SENT", attempts: 1 },
      content: { to: "one@example.com", subject: expect.stringContaining("received your order") },
    });
    expect(await pages(`&orderId=${theirs}`)).toEqual([]);
    expect((await acme.get(`${OUTBOX}?limit=100`)).body.items).toHaveLength(4);
    expectProblem(await (await platform.client("demo-shop")).get(OUTBOX), 403, "FORBIDDEN");
    for (const query of ["state=LOST", "medium=pigeon", "orderId=x", "cursor=eA", "limit=0"])
      expectProblem(await operator.get(`${OUTBOX}?${query}`), 422, "VALIDATION_FAILED");
    expect(
      JSON.stringify((await platform.owner.query("select t::text from notifications.sandbox_messages t")).rows),
    ).not.toMatch(/one@example|received your order/);
  });

  test("has the dead letters, which are tried again one by one or all together", async () => {
    const id = await place(operator, "three@example.com");
    await platform.owner.query(
      "update notifications.messages set state = 'DEAD', error = 'SMTP_451', attempts = 36 where order_id = $1",
      [id],
    );
    const acmes = await deadMessage(platform, "acme");
    const dead = () => pages("&state=DEAD");
    const [first, ...rest] = await dead();
    expect([first.error, rest.length]).toEqual(["SMTP_451", 3]);
    const redriven = await operator.post(`${OUTBOX}/${first.id}/redrive`, {}, "redrive-one");
    expect([redriven.status, redriven.body]).toEqual([200, { id: first.id, state: "PENDING" }]);
    await eventually("it is sent", async () => (await dead()).length === 3);
    expectProblem(await operator.post(`${OUTBOX}/${first.id}/redrive`, {}), 404, "NOT_FOUND");
    expectProblem(await operator.post(`${OUTBOX}/${acmes}/redrive`, {}), 404, "NOT_FOUND");
    expect((await operator.post(`${OUTBOX}/redrive`, { medium: "sms" })).body).toEqual({ redriven: 0 });
    expect((await operator.post(`${OUTBOX}/redrive`, {})).body).toEqual({ redriven: 3 });
    await eventually("all are sent", async () =>
      (await pages(`&orderId=${id}`)).every(({ state }) => state === "SENT"),
    );
    const { rows } = await platform.owner.query("select tenant from notifications.messages where state = 'DEAD'");
    expect(rows).toEqual([{ tenant: "acme" }]);
    const log = (await operator.get("/api/v1/admin/audit-log?action=notifications.redriveMessage")).body.items;
    expect(log[0]).toMatchObject({ object: acmes, outcome: "NOT_FOUND" });
  });

  test("forgets what the sandboxes were given after thirty days, and nothing sooner", async () => {
    const id = await place(operator, "four@example.com");
    const kept = async () => (await pages(`&orderId=${id}`)).filter(({ content }) => content !== undefined).length;
    expect(await kept()).toBe(4);
    const old = "01800000-0000-7000-8000-000000000000";
    await platform.owner.query(
      "insert into notifications.sandbox_messages (id, tenant, sealed, received_at) values ($1, 'demo', 'x', now())",
      [old],
    );
    await platform.restart();
    operator = await platform.client("demo-operator");
    await eventually("the old one is gone", async () => {
      const { rows } = await platform.owner.query("select from notifications.sandbox_messages where id = $1", [old]);
      return rows.length === 0;
    });
    expect(await kept()).toBe(4);
  });
});
