import { newId } from "../../../platform/ids.ts";
import type { Client } from "../../support/client.ts";
import { orderBody } from "../../support/client.ts";
import { MailServer } from "../../support/mail-server.ts";
import { hurrying } from "../../support/messages.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { paidOrder, refund } from "../../support/refunds.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(120_000);

const WHOLE_LIFE = ["received your order", "is confirmed", "is on its way", "was delivered"];

describe("mail", () => {
  let server: MailServer;
  let platform: TestPlatform;
  let shop: Client;
  beforeAll(async () => {
    server = await MailServer.start();
    platform = await startPlatform({ SMTP_URL: server.url, MAIL_FROM: "orders@shop.example" });
    shop = await platform.client("demo-shop");
  });
  afterAll(async () => {
    await platform.stop();
    await server.down();
  });
  beforeEach(() => {
    server.refuse = () => undefined;
  });

  const place = async (email: string, more: object = {}): Promise<string> => {
    const { status, body } = await shop.post("/api/v1/orders", orderBody({ customer: { email }, ...more }), newId());
    expect(status).toBe(201);
    return body.id;
  };
  const becomes = (id: string, status: string) =>
    eventually(`the order is ${status}`, async () => (await shop.get(`/api/v1/orders/${id}`)).body.status === status);
  const subjects = (email: string) =>
    server.mails.filter(({ to }) => to === email).map(({ headers }) => headers.get("subject") as string);
  const hurry = hurrying(() => platform);
  const states = async (orderId: string) => {
    const { rows } = await platform.owner.query(
      "select type, state, attempts, error from notifications.messages where order_id = $1 order by version",
      [orderId],
    );
    return rows;
  };
  const settled = (orderId: string, count: number) =>
    eventually(
      "all is settled",
      async () => {
        await hurry();
        const rows = await states(orderId);
        return rows.length === count && rows.every(({ state }) => state !== "PENDING");
      },
      60_000,
    );
  const expectInOrder = (email: string, parts: readonly string[]) => {
    expect(subjects(email)).toEqual(parts.map((part) => expect.stringContaining(part)));
  };

  test("comes for everything that happens to an order, once and in order, to be ended by one click", async () => {
    const id = await place("ada@example.com", { customer: { email: "ada@example.com", name: "Ada <& Söhne>" } });
    await settled(id, 4);
    expectInOrder("ada@example.com", WHOLE_LIFE);
    const { number } = (await shop.get(`/api/v1/orders/${id}`)).body;
    const [first] = server.mails;
    expect(first?.from).toBe("orders@shop.example");
    expect(first?.headers.get("subject")).toContain(number);
    const ids = (await platform.owner.query("select id from notifications.messages where order_id = $1", [id])).rows;
    expect(new Set(server.mails.map(({ headers }) => headers.get("message-id")))).toEqual(
      new Set(ids.map((row) => `<${row.id}@shop.example>`)),
    );
    expect(first?.headers.get("list-unsubscribe")).toMatch(
      /^<http:\/\/127\.0\.0\.1:\d+\/api\/v1\/notifications\/unsubscribe\?token=[\w-]+>$/,
    );
    expect(first?.headers.get("list-unsubscribe-post")).toBe("List-Unsubscribe=One-Click");
    const shipped = server.mails.find(({ headers }) => headers.get("subject")?.includes("on its way"));
    const { trackingNumber } = (await shop.get(`/api/v1/orders/${id}`)).body.shipment;
    expect(shipped?.raw).toContain(trackingNumber);
    expect(first?.raw.replaceAll("=\r\n", "")).toContain("Ada &lt;&amp; S=C3=B6hne&gt;");
  });

  test("says why an order was cancelled, and that a payment was declined", async () => {
    const declined = await place("declined@example.com", { paymentToken: "pm_card_visa_chargeDeclined" });
    await settled(declined, 2);
    expectInOrder("declined@example.com", ["received your order", "payment of your order"]);
    expect((await states(declined)).map(({ type }) => type)).toEqual(["ORDER_PLACED", "PAYMENT_DECLINED"]);
  });

  test("says how much is refunded, once a refund, whatever is told or handled again", async () => {
    const customer = { email: "refunded@example.com" };
    const { id, total } = await paidOrder(shop, orderBody({ customer }));
    await refund(platform, id, 123, "part");
    await settled(id, 5);
    await refund(platform, id, 123, "part");
    const operator = await platform.client("demo-operator");
    expect((await operator.put("/api/v1/notifications/settings", { language: "de" })).status).toBe(200);
    await refund(platform, id, total.amount - 123, "rest");
    await settled(id, 6);
    expectInOrder(customer.email, [...WHOLE_LIFE, "A refund for your order", "Erstattung zu Ihrer Bestellung"]);
    const inEuro = (amount: number) => (amount / 100).toFixed(2);
    const [partly, rest] = server.mails.filter(({ to }) => to === customer.email).slice(4);
    const text = (mail = partly) => mail?.raw.replaceAll("=\r\n", "");
    expect(text()).toContain("We have refunded =E2=82=AC1.23 for your order");
    expect(text()).toContain(`=E2=82=AC1.23 of =E2=82=AC${inEuro(total.amount)} have been refunded`);
    const [all, left] = [total.amount, total.amount - 123].map((amount) => inEuro(amount).replace(".", ","));
    expect(text(rest)).toContain(`${left}=C2=A0=E2=82=AC erstattet`);
    expect(text(rest)).toContain(`wurden damit ${all}=C2=A0=E2=82=AC von ${all}=C2=A0=E2=82=AC erstattet`);
    const replayed = await operator.post(
      "/api/v1/admin/subscriptions/notifications/orders/replay",
      { from: 0 },
      newId(),
    );
    expect(replayed.status).toBe(200);
    await eventually("all is handled again", async () => {
      const { items } = (await operator.get("/api/v1/admin/subscriptions")).body;
      const [own] = items.filter(({ domain }: { domain: string }) => domain === "notifications");
      return own.behind?.events === 0 && own.replayingUntil === undefined;
    });
    expect((await states(id)).map(({ type }) => type).slice(4)).toEqual(["ORDER_REFUNDED", "ORDER_REFUNDED"]);
    expect(subjects(customer.email)).toHaveLength(6);
    await operator.put("/api/v1/notifications/settings", {});
  });

  test("about a refund of which the order says nothing is not sent, but tried again", async () => {
    const id = await place("unheard@example.com");
    await settled(id, 4);
    const { rows } = await platform.owner.query(
      `insert into notifications.messages (id, tenant, order_id, event_id, version, type, medium, due_at, created_at)
       values ($1, 'demo', $2, $3, 99, 'ORDER_REFUNDED', 'email', now(), now()) returning id`,
      [newId(), id, newId()],
    );
    await eventually("it cannot be made", async () => (await states(id)).some(({ error }) => error === "NOT_MADE"));
    await platform.owner.query("delete from notifications.messages where id = $1", [rows[0].id]);
    expect(subjects("unheard@example.com")).toHaveLength(4);
  });

  test("that the server refuses for now is tried again, and the later ones of its order wait behind it", async () => {
    let refusals = 0;
    server.refuse = (to, mail) => {
      if (to !== "slow@example.com" || mail || refusals >= 3) return undefined;
      refusals++;
      return { at: "RCPT", code: 451 };
    };
    const slow = await place("slow@example.com");
    await becomes(slow, "DELIVERED");
    const quick = await place("quick@example.com");
    await settled(quick, 4);
    expectInOrder("quick@example.com", WHOLE_LIFE);
    await settled(slow, 4);
    expectInOrder("slow@example.com", WHOLE_LIFE);
    expect(refusals).toBe(3);
    expect((await states(slow)).map(({ state, attempts }) => [state, attempts])).toEqual([
      ["SENT", 4],
      ["SENT", 1],
      ["SENT", 1],
      ["SENT", 1],
    ]);
  });

  test("that the server refuses for good is a dead letter without a word of its recipient; the later ones go", async () => {
    server.refuse = (to, mail) =>
      to === "gone@example.com" && mail?.headers.get("subject")?.includes("confirmed")
        ? { at: "DATA", code: 554 }
        : undefined;
    const id = await place("gone@example.com");
    await settled(id, 4);
    expectInOrder("gone@example.com", ["received your order", "is on its way", "was delivered"]);
    expect((await states(id)).map(({ state, error }) => [state, error])).toEqual([
      ["SENT", null],
      ["DEAD", "SMTP_554"],
      ["SENT", null],
      ["SENT", null],
    ]);
  });

  test("of orders that lived while the server was away comes once and in order when it is back", async () => {
    await server.down();
    const emails = Array.from({ length: 12 }, (_, n) => `patient-${n}@example.com`);
    const ids = await Promise.all(emails.map((email) => place(email)));
    for (const id of ids) await becomes(id, "DELIVERED");
    await eventually("all are recorded", async () => {
      const counts = await Promise.all(ids.map(async (id) => (await states(id)).length));
      return counts.every((count) => count === 4);
    });
    await server.up();
    for (const id of ids) await settled(id, 4);
    for (const email of emails) expectInOrder(email, WHOLE_LIFE);
  });

  test("that is with a server that does not answer when the node stops is sent by the next one", async () => {
    server.delay = () => new Promise(() => {});
    const id = await place("silence@example.com");
    await eventually("the mail is with the server", () => server.offered.includes("silence@example.com"));
    await platform.restart();
    shop = await platform.client("demo-shop");
    server.delay = async () => {};
    await settled(id, 4);
    expectInOrder("silence@example.com", WHOLE_LIFE);
  });

  test("in the hands of a node that dies is sent by another one", async () => {
    const id = await place("orphan@example.com");
    await settled(id, 4);
    // As a node leaves them that has recorded them and was killed.
    await platform.owner.query(
      "update notifications.messages set state = 'PENDING', attempts = 0, due_at = now() where order_id = $1 and version > 1",
      [id],
    );
    const sent = () => subjects("orphan@example.com").length;
    await eventually("they were sent again", async () => sent() === 7);
    expectInOrder("orphan@example.com", [...WHOLE_LIFE, ...WHOLE_LIFE.slice(1)]);
  });
});
