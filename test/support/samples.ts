import { newId } from "../../platform/ids.ts";
import { Client, orderBody } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { eventually } from "./waiting.ts";

export const SKU = "SKU-COFFEE-1KG";
const NOBODY = "http://127.0.0.1:9/hook";
const ADDRESS = {
  name: "Ada Lovelace",
  line1: "12 Harbour St",
  line2: "Third floor",
  city: "Hamburg",
  postalCode: "20095",
  region: "HH",
  country: "DE",
  phone: "+49 40 1234567",
};

/** The objects of tenant `demo` that the samples are about. The carrier of their platform should be manual. */
export interface World {
  readonly order: string;
  readonly shipment: string;
  readonly product: string;
  readonly deadLetter: string;
  /** A message that was given up. */
  readonly message: string;
  /** A tenant without anything, and a client and a customer of `demo`. */
  readonly tenant: string;
  readonly client: string;
  readonly customer: string;
  readonly webhook: string;
  readonly webhookDelivery: string;
}

/** A request that is right in every respect, with all that its body may have. */
export interface Sample {
  /** As the OpenAPI document calls it. */
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
  /** The scope without which it is a 403; none: any token will do. */
  readonly scope?: string;
  /** The path names an object of the tenant's. */
  readonly owned?: boolean;
}

/** An order that waits for a manual carrier, in trouble with its process; a product; a dead letter. */
export async function buildWorld(platform: TestPlatform): Promise<World> {
  const operator = await platform.client("demo-operator");
  const order = await confirmedOrder(operator);
  // Otherwise it would be recorded while somebody looks whether anything is.
  await eventually("its buyer was told of the order and of its confirmation", async () => {
    const { rows } = await platform.owner.query<{ state: string }>(
      "select state from notifications.messages where order_id = $1",
      [order.id],
    );
    return rows.length === 2 && rows.every(({ state }) => state !== "PENDING");
  });
  const [product] = (await operator.get("/api/v1/products?limit=1")).body.items;
  await troubledProcess(platform, order.id);
  const keeper = await platform.client("waybill-operator");
  const tenant = "spare";
  await keeper.post("/api/v1/admin/tenants", { id: tenant, name: "Spare" });
  const { body: client } = await keeper.post("/api/v1/admin/clients", {
    ...{ tenant: "demo", name: "A reader", scopes: ["orders:read"] },
  });
  const { rows } = await platform.owner.query<{ id: string }>(
    "select id from auth.customers where tenant = 'demo' limit 1",
  );
  return {
    ...{ order: order.id, shipment: order.shipment.id, product: product.id, deadLetter: await deadLetter(platform) },
    ...{ tenant, client: client.id, customer: rows[0]?.id as string, message: await deadMessage(platform) },
    ...(await webhook(operator)),
  };
}

/** An endpoint at which nobody listens, and what was sent to it. */
export async function webhook(operator: Client): Promise<{ webhook: string; webhookDelivery: string }> {
  const { body } = await operator.post("/api/v1/webhooks", { url: NOBODY, events: ["orders.returned.v1"] });
  const { body: sent } = await operator.post(`/api/v1/webhooks/${body.id}/test`);
  return { webhook: body.id, webhookDelivery: sent.id };
}

/** An operator of `demo` who is one of the platform's as well: may use every route, and owns what the samples are about. */
export async function almighty(platform: TestPlatform): Promise<Client> {
  await platform.owner.query(
    `update auth.clients set scopes = array_append(scopes, 'platform')
     where id = 'demo-operator' and not 'platform' = any (scopes)`,
  );
  // Not one of the tokens that were given out before.
  return new Client(platform.url).as("demo-operator");
}

/** Places an order and waits until its shipment is there. */
export async function confirmedOrder(client: Client, body = orderBody()) {
  const placed = await client.post("/api/v1/orders", body, newId());
  if (placed.status !== 201) throw new Error(`not placed: ${placed.status} ${placed.text}`);
  return eventually("the order has its shipment", async () => {
    const { body: order } = await client.get(`/api/v1/orders/${placed.body.id}`);
    return order.shipment && order.status === "PENDING_SHIPMENT" && order;
  });
}

/** Makes the process of an order look as if its step had failed; nothing tries it again before the test is over. */
export async function troubledProcess(
  { owner }: TestPlatform,
  orderId: string,
  state = "stuck",
  step = "capture",
): Promise<void> {
  await owner.query(
    `insert into orders.processes (order_id, tenant, number, state, step, attempts, error, due_at, since)
     select id, tenant, number, $2, $3, 8, 'Error: the bank is closed', now() + interval '1 day', now() from orders.orders where id = $1
     on conflict (order_id) do update set state = excluded.state, step = excluded.step, due_at = excluded.due_at`,
    [orderId, state, step],
  );
}

/** Puts a dead letter into inventory's subscription; its event is one of an order that is not there. */
export async function deadLetter({ owner }: TestPlatform, tenant = "demo"): Promise<string> {
  const id = newId();
  const stream = newId();
  const at = "2026-11-21T12:00:00.000Z";
  const data = { shipmentId: stream, orderId: newId(), lines: [{ sku: SKU, quantity: 1 }] };
  const meta = { actor: "test", correlationId: newId() };
  const event = {
    id: newId(),
    stream,
    version: 2,
    type: "delivery.shipped.v1",
    tenant,
    data,
    meta,
    at,
    sequence: 1_000_000,
    partition: 0,
  };
  await owner.query(
    `insert into inventory.parked_streams (id, subscription, stream, tenant, state, attempts, error, due_at, parked_at)
     values ($1, 'delivery', $2, $3, 'dead', 10, 'Error: goods have left that nobody held', now(), now())`,
    [id, stream, tenant],
  );
  await owner.query("insert into inventory.parked_events (parked, sequence, event) values ($1, 1000000, $2)", [
    id,
    event,
  ]);
  return id;
}

/** Puts a message there that was given up; its order is not there. */
export async function deadMessage({ owner }: TestPlatform, tenant = "demo"): Promise<string> {
  const id = newId();
  await owner.query(
    `insert into notifications.messages
       (id, tenant, order_id, event_id, version, type, medium, state, due_at, attempts, error, created_at, settled_at)
     values ($1, $2, $3, $4, 2, 'ORDER_CONFIRMED', 'email', 'DEAD', now(), 36, 'SMTP_451', now(), now())`,
    [id, tenant, newId(), newId()],
  );
  return id;
}

/** A right request for every POST and PUT that takes a token and JSON. */
export function samplesOf(world: World): Sample[] {
  const { order, shipment, product, deadLetter, message, tenant, client, customer, webhook, webhookDelivery } = world;
  const items = [{ sku: SKU, quantity: 1 }];
  const sample = (
    operation: string,
    ids: Record<string, string>,
    body: Record<string, unknown>,
    scope?: string,
  ): Sample => {
    const [method = "", template = ""] = operation.split(" ");
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] as string);
    return {
      operation,
      method,
      path,
      body,
      ...(scope && { scope }),
      owned: path !== template && !operation.startsWith("PUT /api/v1/inventory"),
    };
  };
  const product1 = {
    name: "A thing",
    price: { amount: 1_999, currency: "EUR" },
    description: "Really a thing",
    category: "things",
    attributes: { colour: "blue", weight: 1.5, fragile: true },
    images: [{ url: "https://example.com/thing.jpg", alt: "A thing" }],
    seo: { title: "Thing", description: "Buy it", slug: "a-thing" },
    active: true,
  };
  return [
    sample("POST /api/v1/orders", {}, { ...fullOrder() }, "orders:write"),
    sample("POST /api/v1/orders/{id}/cancel", { id: order }, { reason: "changed my mind" }, "orders:write"),
    sample("PUT /api/v1/orders/{id}/status", { id: order }, { status: "SHIPPED", reason: "by hand" }, "admin"),
    sample("POST /api/v1/admin/processes/{orderId}/retry", { orderId: order }, {}, "admin"),
    sample("POST /api/v1/admin/processes/{orderId}/skip", { orderId: order }, { reason: "done by hand" }, "admin"),
    sample("POST /api/v1/admin/processes/{orderId}/compensate", { orderId: order }, { reason: "hopeless" }, "admin"),
    sample("POST /api/v1/admin/dead-letters/{id}/redrive", { id: deadLetter }, {}, "admin"),
    sample("POST /api/v1/admin/dead-letters/{id}/discard", { id: deadLetter }, {}, "admin"),
    sample("POST /api/v1/admin/dead-letters/redrive", {}, { channel: "delivery", domain: "inventory" }, "admin"),
    {
      ...sample(
        "POST /api/v1/admin/subscriptions/{domain}/{channel}/replay",
        { domain: "delivery", channel: "orders" },
        { from: 0 },
        "admin",
      ),
      // The same for all tenants.
      owned: false,
    },
    sample(
      "POST /api/v1/delivery/shipment/{shipmentId}/status",
      { shipmentId: shipment },
      { status: "SHIPPED", detail: "collected", location: "Hamburg", trackingNumber: "TRACK-1" },
      "delivery:write",
    ),
    sample("PUT /api/v1/inventory/{sku}", { sku: SKU }, { onHand: 1_000_000, version: 1 }, "inventory:write"),
    sample(
      "POST /api/v1/inventory/{sku}/adjust",
      { sku: SKU },
      { delta: 5, reason: "counted again" },
      "inventory:write",
    ),
    sample("POST /api/v1/inventory/reserve", {}, { reference: "a-cart", items, ttlSeconds: 60 }, "inventory:write"),
    sample("POST /api/v1/inventory/release", {}, { reference: "a-cart" }, "inventory:write"),
    sample("POST /api/v1/check-availability", {}, { items }),
    sample("POST /api/v1/products", {}, { sku: "A-THING", ...product1 }, "catalog:write"),
    sample("PUT /api/v1/products/{id}", { id: product }, { ...product1, version: 1 }, "catalog:write"),
    sample("POST /api/v1/admin/tenants", {}, { id: "another", name: "Another" }, "platform"),
    {
      ...sample(
        "PUT /api/v1/admin/tenants/{id}",
        { id: tenant },
        { name: "Still spare", active: true, version: 1 },
        "platform",
      ),
      owned: false,
    },
    sample(
      "POST /api/v1/admin/clients",
      {},
      { tenant: "demo", name: "Another", scopes: ["orders:read"], grants: ["client_credentials", "password"] },
      "admin",
    ),
    sample(
      "PUT /api/v1/admin/clients/{id}",
      { id: client },
      { name: "Still a reader", scopes: ["orders:read"], grants: ["client_credentials"], active: true, version: 1 },
      "admin",
    ),
    sample("POST /api/v1/admin/clients/{id}/rotate-secret", { id: client }, { overlapSeconds: 60 }, "admin"),
    sample("PUT /api/v1/admin/customers/{id}", { id: customer }, { active: true }, "admin"),
    sample(
      "PUT /api/v1/notifications/settings",
      {},
      { senderName: "Demo", senderAddress: "demo@example.com", replyTo: "help@example.com", language: "de" },
      "admin",
    ),
    ...["PUT", "POST"].map((method) => ({
      ...sample(
        `${method} /api/v1/notifications/templates/{type}/{medium}/{language}${method === "POST" ? "/preview" : ""}`,
        { type: "ORDER_PLACED", medium: "email", language: "fr" },
        { subject: "Votre commande {{number}}", text: "Merci !", html: "<p>Merci !</p>" },
        "admin",
      ),
      // The same names for all tenants.
      owned: false,
    })),
    sample("POST /api/v1/admin/outbox/{id}/redrive", { id: message }, {}, "admin"),
    sample("POST /api/v1/admin/outbox/redrive", {}, { medium: "email" }, "admin"),
    sample("POST /api/v1/admin/keys/rotate", {}, {}, "platform"),
    sample("POST /api/v1/webhooks", {}, { url: NOBODY, events: ["orders.placed.v1"], description: "My shop" }, "admin"),
    sample(
      "PUT /api/v1/webhooks/{id}",
      { id: webhook },
      { url: NOBODY, events: ["orders.returned.v1"], description: "Another", enabled: true },
      "admin",
    ),
    sample("POST /api/v1/webhooks/{id}/secret", { id: webhook }, { overlapSeconds: 60 }, "admin"),
    sample("POST /api/v1/webhooks/{id}/test", { id: webhook }, {}, "admin"),
    sample(
      "POST /api/v1/webhooks/{id}/replay",
      { id: webhook },
      { state: "FAILED", from: "2026-01-01T00:00:00.000Z", to: "2026-01-02T00:00:00.000Z" },
      "admin",
    ),
    sample(
      "POST /api/v1/webhooks/{id}/deliveries/{deliveryId}/replay",
      { id: webhook, deliveryId: webhookDelivery },
      {},
      "admin",
    ),
    sample("POST /api/v1/events/tickets", {}, {}, "orders:read"),
  ];
}

/** An order with every member that one may have. */
export function fullOrder(): Record<string, unknown> {
  return {
    items: [{ sku: SKU, quantity: 2 }],
    shippingAddress: ADDRESS,
    billingAddress: { ...ADDRESS, name: "Grace Hopper" },
    paymentToken: "pm_card_visa",
    currency: "EUR",
    customer: { id: "01900000-0000-7000-8000-00000000c001", email: "ada@example.com", name: "Ada Lovelace" },
    metadata: { cart: "4711", nested: { gift: true } },
  };
}
