import { newId } from "../../../platform/ids.ts";
import { Client, orderBody } from "../../support/client.ts";
import { newCustomer } from "../../support/customers.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const PREFERENCES = "/api/v1/notifications/preferences";

describe("what customers want to be told of, and how", () => {
  let platform: TestPlatform;
  let shop: Client;
  let operator: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    shop = await platform.client("demo-shop");
    operator = await platform.client("demo-operator");
  });
  afterAll(() => platform.stop());

  const place = async (client: Client, more: Record<string, unknown> = {}): Promise<string> => {
    const { status, body } = await client.post("/api/v1/orders", orderBody(more), newId());
    expect(status).toBe(201);
    return body.id;
  };
  // biome-ignore lint/suspicious/noExplicitAny: what the API answers
  const told = async (orderId: string, types = 4): Promise<any[]> =>
    eventually("all is said", async () => {
      const { items } = (await operator.get(`/api/v1/admin/outbox?orderId=${orderId}&limit=100`)).body;
      const mails = items.filter((one: { medium: string }) => one.medium === "email");
      const isOver = mails.length === types && items.every((one: { state: string }) => one.state !== "PENDING");
      return isOver && items;
    });
  // biome-ignore lint/suspicious/noExplicitAny: what the API answers
  const summary = (items: any[]) =>
    items.map(({ type, medium, state, error }) => [type, medium, error ?? state].join(" ")).sort();
  const linkIn = (text: string) => {
    const url = new URL(/https?:\/\/\S+unsubscribe\?token=\S+/.exec(text)?.[0] as string);
    return url.pathname + url.search;
  };

  test("is mail about everything, until they say otherwise, of each type by each medium", async () => {
    const ada = await newCustomer(platform.url, "wishes");
    const { body } = await ada.get(PREFERENCES);
    expect(body.items).toHaveLength(21);
    for (const { medium, enabled } of body.items) expect([medium, enabled]).toEqual([medium, medium === "email"]);
    const items = [
      { type: "ORDER_CONFIRMED", medium: "email", enabled: false },
      { type: "ORDER_SHIPPED", medium: "sms", enabled: true },
      { type: "ORDER_SHIPPED", medium: "push", enabled: true },
    ];
    const changed = await ada.put(PREFERENCES, { items });
    expect(changed.status).toBe(200);
    expect(changed.body.items).toEqual(expect.arrayContaining(items));
    expect((await ada.get(PREFERENCES)).body).toEqual(changed.body);
    await ada.put("/api/v1/users/profile", { phone: "+49 40 1234567", language: "de-AT" });
    const items2 = await told(await place(ada));
    expect(summary(items2)).toEqual([
      "ORDER_CONFIRMED email NOT_WANTED",
      "ORDER_DELIVERED email SENT",
      "ORDER_PLACED email SENT",
      "ORDER_SHIPPED email SENT",
      "ORDER_SHIPPED push SENT",
      "ORDER_SHIPPED sms SENT",
    ]);
    const sms = items2.find(({ medium }) => medium === "sms");
    expect(sms.content).toMatchObject({ to: "+49 40 1234567", text: expect.stringContaining("ist unterwegs") });
    expect(items2.find(({ medium }) => medium === "push").content.to).toMatch(/^[0-9a-f-]{36}$/);
    const [mail] = items2.filter(({ medium, type }) => medium === "email" && type === "ORDER_PLACED");
    expect(mail.content).toMatchObject({
      to: "wishes@example.com",
      subject: expect.stringContaining("ist eingegangen"),
    });
    expect(mail.content.text).toMatch(/Gesamt: \d+,\d\d\s€/);
  });

  test("is asked for with a customer's token, and of words that there are", async () => {
    expectProblem(await shop.get(PREFERENCES), 403, "FORBIDDEN");
    const ada = await newCustomer(platform.url, "careless");
    for (const items of [
      [],
      [{ type: "ORDER_EATEN", medium: "email", enabled: true }],
      [{ type: "ORDER_PLACED", medium: "pigeon", enabled: true }],
      [{ type: "ORDER_PLACED", medium: "email", enabled: "no" }],
    ])
      expectProblem(await ada.put(PREFERENCES, { items }), 422, "VALIDATION_FAILED");
  });

  test("is nothing where there is no address", async () => {
    expect(new Set(summary(await told(await place(shop))).map((one) => one.split(" ")[2]))).toEqual(
      new Set(["NO_ADDRESS"]),
    );
  });

  test("is ended for a guest by one POST of a mail's link, and by no GET, at one shop and not at another", async () => {
    const customer = { email: "Guest@example.com" };
    const [mail] = (await told(await place(shop, { customer }))).filter(({ type }) => type === "ORDER_PLACED");
    const link = linkIn(mail.content.text);
    const decodedHtml = mail.content.html.replaceAll("&#x2F;", "/").replaceAll("&#x3D;", "=").replaceAll('"', " ");
    expect(linkIn(decodedHtml)).toBe(link);
    const nobody = new Client(platform.url);
    const page = await nobody.get(link);
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.headers["content-security-policy"]).toContain("form-action 'self'");
    expect(page.text).toContain('<form method="post">');
    expect(summary(await told(await place(shop, { customer })))).toContain("ORDER_PLACED email SENT");
    // As mail programs send it (RFC 8058, 3.2): a form of either kind.
    const form = new FormData();
    form.set("List-Unsubscribe", "One-Click");
    for (const body of [new URLSearchParams({ "List-Unsubscribe": "One-Click" }), form]) {
      const answer = await fetch(platform.url + link, { method: "POST", body });
      expect([answer.status, (await answer.text()).includes("<h1>Done</h1>")]).toEqual([200, true]);
    }
    const later = await told(await place(shop, { customer: { email: "guest@EXAMPLE.com" } }));
    expect(new Set(later.map(({ error }) => error))).toEqual(new Set(["UNSUBSCRIBED"]));
    const acme = await platform.client("acme-shop");
    const { sku } = (await acme.get("/api/v1/products?limit=1")).body.items[0];
    const elsewhere = await place(acme, { customer, items: [{ sku, quantity: 1 }] });
    await eventually("the other shop has told them", async () => {
      const { rows } = await platform.owner.query(
        "select from notifications.messages where order_id = $1 and state = 'SENT'",
        [elsewhere],
      );
      return rows.length === 4;
    });
    const { rows } = await platform.owner.query("select t::text as text from notifications.suppressions t");
    expect(rows).toHaveLength(1);
    expect(rows[0].text).not.toMatch(/guest|677565737440/i);
  });

  test("is ended for a customer in their preferences, where they can have it again", async () => {
    const ada = await newCustomer(platform.url, "regrets");
    const [mail] = (await told(await place(ada))).filter(({ type }) => type === "ORDER_PLACED");
    await new Client(platform.url).post(linkIn(mail.content.text), {});
    const enabled = async () =>
      (await ada.get(PREFERENCES)).body.items.filter((one: { enabled: boolean }) => one.enabled);
    expect(await enabled()).toEqual([]);
    expect(new Set((await told(await place(ada))).map(({ error }) => error))).toEqual(new Set(["NOT_WANTED"]));
    const again = { type: "ORDER_PLACED", medium: "email", enabled: true };
    await ada.put(PREFERENCES, { items: [again] });
    expect(await enabled()).toEqual([again]);
    expect(summary(await told(await place(ada)))).toContain("ORDER_PLACED email SENT");
  });

  test("is not changed by a link that is not ours", async () => {
    const nobody = new Client(platform.url);
    for (const token of ["x", "AQRrMTIz", "a".repeat(1_000)])
      expectProblem(await nobody.post(`/api/v1/notifications/unsubscribe?token=${token}`, {}), 404, "NOT_FOUND");
    expectProblem(await nobody.post("/api/v1/notifications/unsubscribe", {}), 422, "VALIDATION_FAILED");
    const [mail] = (await told(await place(shop, { customer: { email: "sure@example.com" } }))).slice(-1);
    const link = linkIn(mail.content.text);
    const forged = link.slice(0, -3) + (link.endsWith("AAA") ? "BBB" : "AAA");
    expectProblem(await nobody.post(forged, {}), 404, "NOT_FOUND");
    expect(summary(await told(await place(shop, { customer: { email: "sure@example.com" } })))).toContain(
      "ORDER_PLACED email SENT",
    );
  });
});
