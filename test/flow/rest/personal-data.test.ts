import { DOMAINS } from "../../../platform/config.ts";
import { Database } from "../../../platform/database.ts";
import { newId } from "../../../platform/ids.ts";
import { reseal } from "../../../platform/sealing/reseal.ts";
import { Sealing } from "../../../platform/sealing/sealing.ts";
import { SEALED_TABLES as OF_AUTH } from "../../../services/auth/customers/sealed-tables.ts";
import { SEALED_TABLES as OF_NOTIFICATIONS } from "../../../services/notifications/shared/sealed-tables.ts";
import { SEALED_TABLES as OF_ORDERS } from "../../../services/orders/shared/sealed-tables.ts";
import { type Answer, type Client, orderBody } from "../../support/client.ts";
import { logIn, newCustomer } from "../../support/customers.ts";
import { Feed } from "../../support/feed.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(120_000);

const CARD = "4242424242424242";
const canary = (where: string) => `CANARY-${where}`;
const address = (whose: string) => ({
  name: canary(`${whose}-name`),
  line1: canary(`${whose}-street`),
  line2: canary(`${whose}-floor`),
  city: canary(`${whose}-city`),
  postalCode: "20095",
  region: canary(`${whose}-region`),
  country: "DE",
  phone: canary(`${whose}-phone`),
});
const personal = () => ({
  shippingAddress: address("shipping"),
  billingAddress: address("billing"),
  customer: { id: newId(), email: `${canary("email")}@example.com`, name: canary("customer") },
  metadata: { [canary("metadata")]: canary("value"), card: CARD },
});

/** Every row of every table, as text; bytes as hexadecimal digits. */
async function dump({ owner }: TestPlatform): Promise<{ table: string; text: string }[]> {
  const { rows: tables } = await owner.query<{ name: string }>(
    "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema = any($1)",
    [DOMAINS],
  );
  const rows = [];
  for (const { name } of tables) {
    const found = await owner.query<{ text: string }>(`select t::text as text from ${name} t`);
    rows.push(...found.rows.map(({ text }) => ({ table: name, text })));
  }
  return rows;
}

describe("personal data", () => {
  let platform: TestPlatform;
  let shop: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    shop = await platform.client("demo-shop");
  });
  afterEach(() => Feed.closeAll());
  afterAll(() => platform.stop());

  const place = async (client: Client, more: object = {}, key = newId()): Promise<Answer> => {
    const answer = await client.post("/api/v1/orders", orderBody({ ...personal(), ...more }), key);
    expect([answer.status, answer.status === 201 ? "" : answer.text]).toEqual([201, ""]);
    return answer;
  };
  /** Has the links of an order's mails end mail to its address. Answers their tokens. */
  const endMail = async (orderId: string): Promise<string[]> => {
    const operator = await platform.client("demo-operator");
    const { items } = (await operator.get(`/api/v1/admin/outbox?orderId=${orderId}`)).body;
    const tokens = items.map(({ content }: { content: { text: string } }) => content.text.split("token=")[1]?.trim());
    expect(tokens).toHaveLength(4);
    for (const token of tokens) {
      const { status } = await shop.post(`/api/v1/notifications/unsubscribe?token=${token}`, {});
      expect(status).toBe(200);
    }
    return tokens;
  };
  const becomes = (client: Client, id: string, status: string) =>
    eventually(`the order is ${status}`, async () => (await client.get(`/api/v1/orders/${id}`)).body.status === status);

  test("are in no table but sealed, whatever becomes of them", async () => {
    const customer = await newCustomer(platform.url, canary("login"));
    await customer.put("/api/v1/users/profile", { name: canary("profile"), phone: canary("profile-phone") });
    await customer.post("/api/v1/users/addresses", { label: canary("label"), ...address("own") }, "an-address");
    const operator = await platform.client("demo-operator");
    await operator.put("/api/v1/notifications/settings", { contactEmail: `${canary("contact")}@example.com` });
    const guest = { customer: { email: `${canary("guest")}@example.com` } };
    const delivered = [await place(shop), await place(customer), await place(shop, guest)];
    const declined = [
      await place(shop, { paymentToken: canary("token") }),
      await place(shop, { paymentToken: CARD }),
      await place(shop, { paymentToken: "pm_card_visa_chargeDeclined" }),
    ];
    const { ticket } = (await shop.post("/api/v1/events/tickets", {})).body;
    await Feed.open(platform.url, `/api/v1/events?ticket=${ticket}`);
    for (const { body } of delivered) await becomes(shop, body.id, "DELIVERED");
    for (const { body } of declined) await becomes(shop, body.id, "CANCELLED");
    await shop.post(`/api/v1/orders/${declined[0]?.body.id}/cancel`, {}, "a-cancel");
    // Of the placing and of the end at least, of what was delivered also of what was between.
    await eventually("all messages are sent", async () => {
      const { rows } = await platform.owner.query(
        `select order_id as id, count(*)::int as sent, bool_and(state <> 'PENDING') as "areAll"
         from notifications.messages group by order_id`,
      );
      const isTold = ({ body }: Answer, least: number) =>
        rows.some(({ id, sent, areAll }) => id === body.id && sent >= least && areAll);
      return delivered.every((one) => isTold(one, 4)) && declined.every((one) => isTold(one, 2));
    });
    const links = await endMail(delivered[2]?.body.id);
    // What is asked for is all there.
    expect((await customer.get(`/api/v1/orders/${delivered[1]?.body.id}`)).body.shippingAddress).toEqual(
      address("shipping"),
    );

    const secrets = [...links, canary(""), CARD, ticket, (shop.token as string).split(".")[2] as string];
    const forms = secrets.flatMap((one) => [one, one.toLowerCase(), Buffer.from(one).toString("hex")]);
    const rows = await dump(platform);
    for (const table of [
      "orders.order_details",
      "orders.event_log",
      "auth.customers",
      "orders.idempotency_keys",
      "payments.payments",
      "notifications.sandbox_messages",
      "notifications.suppressions",
      "notifications.settings",
    ])
      expect(rows.filter((row) => row.table === table).length).toBeGreaterThan(0);
    const found = rows.filter(({ text }) => forms.some((form) => text.includes(form)));
    expect(found).toEqual([]);
  });

  test("of before they were sealed are read as they are, and sealed while orders go on", async () => {
    const sealing = new Sealing("orders", platform.config.encryptionKeys.orders);
    const keys = Array.from({ length: 12 }, (_, i) => `old-${i}`);
    const body = orderBody(personal());
    const placed = await Promise.all(keys.map((key) => shop.post("/api/v1/orders", body, key)));
    for (const { body: order } of placed)
      await eventually("the order is at its end", async () => {
        const { status, payment } = (await shop.get(`/api/v1/orders/${order.id}`)).body;
        return status === "DELIVERED" && payment.status === "CAPTURED";
      });
    const seen = await Promise.all(placed.map(({ body: { id } }) => shop.get(`/api/v1/orders/${id}`)));
    await platform.restart(async () => {
      const { rows } = await platform.owner.query(
        "select order_id, tenant, sealed from orders.order_details where sealed is not null",
      );
      for (const { order_id: id, tenant, sealed } of rows) {
        const text = sealing.column("order_details.personal").open({ tenant, id }, sealed);
        await platform.owner.query("update orders.order_details set personal = $2, sealed = null where order_id = $1", [
          id,
          text,
        ]);
      }
      // More than are sealed at a time.
      await platform.owner.query(
        `insert into orders.order_details (order_id, tenant, placed, personal)
         select gen_random_uuid(), tenant, placed, personal from
           (select * from orders.order_details limit 1) d, generate_series(1, 250)`,
      );
      for (const [i, key] of keys.entries()) {
        await platform.owner.query("update orders.idempotency_keys set response = $2, sealed = null where key = $1", [
          key,
          placed[i]?.text,
        ]);
      }
    });
    shop = await platform.client("demo-shop");
    const again = async () => {
      const answers = await Promise.all(placed.map(({ body: { id } }) => shop.get(`/api/v1/orders/${id}`)));
      // Of plain rows PostgreSQL gives the members in an order of its own.
      expect(answers.map(({ body }) => body)).toEqual(seen.map(({ body }) => body));
    };
    await again();
    const later = await Promise.all(Array.from({ length: 5 }, () => place(shop)));
    await eventually("all are sealed", async () => {
      await again();
      return (await platform.owner.query("select from orders.order_details where sealed is null")).rowCount === 0;
    });
    await again();
    for (const { body: order } of later) await becomes(shop, order.id, "DELIVERED");
    const repeated = await Promise.all(keys.map((key) => shop.post("/api/v1/orders", body, key)));
    expect(repeated.map(({ text }) => text)).toEqual(placed.map(({ text }) => text));
    expect(repeated.map(({ headers }) => headers["idempotency-replayed"])).toEqual(keys.map(() => "true"));
  });

  test("are sealed anew by another key while they are read and written, and open without the old one then", async () => {
    const ada = await logIn(platform.url, "ada");
    await ada.post("/api/v1/users/addresses", address("own"), "kept");
    await shop.post("/api/v1/events/tickets", {}, "kept");
    const second = { id: "second", secret: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64") };
    const { encryptionKeys } = platform.config;
    const both = new Sealing("orders", [second, ...encryptionKeys.orders]);
    const bothOfAuth = new Sealing("auth", [second, ...encryptionKeys.auth]);
    const bothOfNotifications = new Sealing("notifications", [second, ...encryptionKeys.notifications]);
    const orders = new Database(platform.db.urls.orders, "orders", 4);
    const auth = new Database(platform.db.urls.auth, "auth", 2);
    const notifications = new Database(platform.db.urls.notifications, "notifications", 2);
    const writing = { goesOn: true };
    const written: string[] = [];
    const writes = (async () => {
      // Not without end: each order has messages that are sealed while those before them are sealed anew.
      while (writing.goesOn && written.length < 100) written.push((await place(shop)).body.id);
    })();
    try {
      // Twice at once: what the other one has done is passed over.
      await Promise.all([1, 2].flatMap(() => OF_ORDERS.map((table) => reseal(orders, both, table))));
      for (const table of OF_AUTH) await reseal(auth, bothOfAuth, table);
      for (const table of OF_NOTIFICATIONS) await reseal(notifications, bothOfNotifications, table);
      writing.goesOn = false;
      await writes;
      // What a node with the old key first has written meanwhile.
      for (const table of OF_ORDERS) await reseal(orders, both, table);
      // The platform has not got the other key: what it was to say of orders that are sealed by that it could not say.
      await eventually("all messages were tried", async () => {
        const { rows } = await platform.owner.query(
          "select from notifications.messages where state = 'PENDING' and attempts = 0",
        );
        return rows.length === 0;
      });
      const failed = "select from notifications.messages where state = 'PENDING' and error = 'NOT_MADE'";
      expect((await platform.owner.query(failed)).rows.length).toBeGreaterThan(0);
      for (const table of OF_NOTIFICATIONS) await reseal(notifications, bothOfNotifications, table);
      for (const [domain, database, tables] of [
        ["orders", orders, OF_ORDERS],
        ["auth", auth, OF_AUTH],
        ["notifications", notifications, OF_NOTIFICATIONS],
      ] as const) {
        const sealing = new Sealing(domain, [second]);
        for (const table of tables) {
          expect(await reseal(database, sealing, table)).toEqual({ table: table.table, changed: 0 });
          const { rows } = await platform.owner.query(
            `select array[${table.key.map(([name]) => `${name}::text`).join()}] as key, ${table.tenant} as tenant, ${table.column} as sealed
             from ${domain}.${table.table} where ${table.column} is not null`,
          );
          expect([table.table, rows.length > 0]).toEqual([table.table, true]);
          for (const { key, tenant, sealed } of rows)
            sealing.column(table.sealedAs).open({ tenant, id: table.idOf(key) }, sealed);
        }
      }
    } finally {
      writing.goesOn = false;
      await writes;
      await Promise.all([orders.close(), auth.close(), notifications.close()]);
    }
    expect(written.length).toBeGreaterThan(0);
  });
});
