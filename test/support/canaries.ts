import type pg from "pg";
import { newId } from "../../platform/ids.ts";
import { Client, orderBody } from "./client.ts";
import { Feed } from "./feed.ts";
import { eventually } from "./waiting.ts";

/** A platform in processes of its own. */
export interface Watched {
  readonly url: string;
  /** A connection to its PostgreSQL as the owner. */
  owner(): Promise<pg.Client>;
}

/** A request with what its line in the log has to say of it. */
export interface NotedRequest {
  readonly reqId: string;
  readonly status: number;
  readonly tenant?: string;
  orderId?: string;
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const canary = (where: string) => `CANARY-${where}`;

/**
 * Puts a canary wherever a caller can write something personal or secret, in requests that succeed, that are refused
 * and that fail inside. Answers the requests, and the secrets that look like no canary.
 */
export async function leaveCanaries(
  platform: Watched,
): Promise<{ secrets: readonly string[]; requests: readonly NotedRequest[] }> {
  const secrets: string[] = [];
  const requests: NotedRequest[] = [];
  const nobody = new Client(platform.url);
  const shop = await nobody.as("demo-shop");
  const operator = await nobody.as("demo-operator");
  secrets.push(shop.token as string, operator.token as string, (shop.token as string).split(".")[2] as string);
  const note = (answer: Awaited<ReturnType<Client["get"]>>, tenant?: string, orderId?: string) => {
    requests.push({
      reqId: String(answer.headers["x-request-id"]),
      status: answer.status,
      ...(tenant && { tenant }),
      ...(orderId && { orderId }),
    });
    return answer;
  };
  const person = {
    customer: { id: newId(), email: `${canary("email")}@example.com`, name: canary("customer-name") },
    shippingAddress: {
      name: canary("name"),
      line1: canary("line1"),
      line2: canary("line2"),
      city: canary("city"),
      postalCode: "CANARY-0",
      country: "DE",
      phone: canary("phone"),
    },
    metadata: { [canary("metadata-name")]: canary("metadata"), deep: [{ er: canary("deep") }] },
  };
  const place = (key: string, more = {}) => shop.post("/api/v1/orders", orderBody({ ...person, ...more }), key);

  // Good ones: one that ships, one that is cancelled, one whose card nobody knows, one whose capture fails, one parked.
  const shipped = note(await place(canary("key-1")), "demo");
  (requests.at(-1) as { orderId?: string }).orderId = shipped.body.id;
  const shipment = await shipmentOf(operator, shipped.body.id);
  const moved = { status: "SHIPPED", detail: canary("detail"), location: canary("location"), trackingNumber: "T-1" };
  note(await operator.post(`/api/v1/delivery/shipment/${shipment}/status`, moved), "demo");
  note(
    await operator.put(`/api/v1/orders/${shipped.body.id}/status`, { status: "DELIVERED", reason: canary("reason") }),
    "demo",
    shipped.body.id,
  );
  const cancelled = (await place(canary("key-2"))).body.id;
  await shipmentOf(operator, cancelled);
  note(
    await shop.post(`/api/v1/orders/${cancelled}/cancel`, { reason: canary("cancel") }, canary("key-3")),
    "demo",
    cancelled,
  );
  const declined = (await place(canary("key-4"), { paymentToken: canary("token") })).body.id;
  const failing = (await place(canary("key-5"), { paymentToken: "pm_waybill_captureFails" })).body.id;
  await operator.put(`/api/v1/orders/${failing}/status`, { status: "DELIVERED" });
  await operator.post(`/api/v1/delivery/shipment/${await shipmentOf(operator, failing)}/status`, {
    status: "SHIPPED",
  });
  const parked = (await place(canary("key-6"))).body.id;
  const parkedShipment = await shipmentOf(operator, parked);
  const owner = await platform.owner();
  try {
    await owner.query("update inventory.reservations set status = 'RELEASED' where reference = $1", [parked]);
    await operator.post(`/api/v1/delivery/shipment/${parkedShipment}/status`, { status: "SHIPPED" });
    await eventually(
      "an event is parked",
      async () => (await owner.query("select from inventory.parked_streams")).rowCount,
    );
    await eventually("they are at their end", async () => {
      const status = async (id: string) => (await shop.get(`/api/v1/orders/${id}`)).body.status;
      return (
        (await status(shipped.body.id)) === "DELIVERED" &&
        (await status(cancelled)) === "CANCELLED" &&
        (await status(declined)) === "CANCELLED"
      );
    });

    // Whom a tenant's own notices go to, as it is taken and as it is refused.
    const settings = "/api/v1/notifications/settings";
    for (const contactEmail of [`${canary("contact")}@example.com`, canary("no-contact")])
      note(await operator.put(settings, { contactEmail }), "demo");

    // Feeds by tickets.
    const { ticket } = (await shop.post("/api/v1/events/tickets", {})).body;
    secrets.push(ticket);
    const feed = await Feed.open(platform.url, `/api/v1/events?ticket=${ticket}`);
    feed.close();
    note(await nobody.get(`/api/v1/events?ticket=${canary("ticket")}`));
    note(await shop.get("/api/v1/events", { "last-event-id": canary("cursor") }), "demo");

    // Bad ones.
    const raw = (text: string, headers = {}) =>
      shop.send("POST", "/api/v1/orders", { raw: text, key: canary("key-7"), headers });
    note(await raw(`{"name": ${canary("json")}`), "demo");
    note(await raw(JSON.stringify(canary("string"))), "demo");
    note(await raw(canary("text"), { "content-type": "text/plain" }), "demo");
    note(await place(canary("key-8"), { items: [{ sku: "CANARY-SKU", quantity: 1 }] }), "demo");
    note(await place(canary("key-9"), { customer: { email: canary("no-email") } }), "demo");
    note(await place(`${canary("key")} with spaces`), "demo");
    for (const path of [
      "/orders?status=CANARY",
      "/products?q=CANARY'%3B%20drop%20table%20orders--",
      "/orders/CANARY",
      "/orders?cursor=CANARY",
      "/inventory/CANARY",
      "/CANARY",
    ]) {
      const { headers, status } = await shop.get(`/api/v1${path}`);
      expect([path, status < 500, headers["x-request-id"]]).toEqual([path, true, expect.any(String)]);
    }
    note(await new Client(platform.url, canary("bearer")).get("/api/v1/orders"));
    const guess = { grant_type: "client_credentials", client_id: "demo-shop", client_secret: canary("secret") };
    note(
      await nobody.send("POST", "/api/v1/auth/token", { raw: new URLSearchParams(guess).toString(), headers: FORM }),
    );
    const basic = Buffer.from(`demo-shop:${canary("basic")}`).toString("base64");
    secrets.push(basic);
    note(
      await nobody.send("POST", "/api/v1/auth/token", {
        raw: "grant_type=client_credentials",
        headers: { ...FORM, authorization: `Basic ${basic}` },
      }),
    );
    note(
      await nobody.post("/api/v1/auth/introspect", {
        token: shop.token,
        client_id: "demo-shop",
        client_secret: "demo-secret",
      }),
    );

    // One that the platform has not foreseen: the database refuses a row, and says in full which.
    const refused = newId();
    await owner.query(
      `alter table orders.orders add constraint refused_for_a_test check (customer_id <> '${refused}')`,
    );
    const { status, text } = note(
      await place(canary("key-10"), { customer: { id: refused, email: "CANARY-bang@example.com" } }),
      "demo",
    );
    expect([status, /CANARY/.test(text)]).toEqual([500, false]);
    const revoked = { token: shop.token, client_id: "demo-shop", client_secret: "demo-secret" };
    note(await nobody.post("/api/v1/auth/revoke", revoked));
  } finally {
    await owner.end();
  }
  return { secrets, requests };
}

async function shipmentOf(operator: Client, order: string): Promise<string> {
  return eventually(
    "there is a shipment",
    async () => (await operator.get(`/api/v1/orders/${order}`)).body.shipment?.id,
  );
}
