import { newId } from "../../../platform/ids.ts";
import { type Answer, Client, orderBody } from "../../support/client.ts";
import { ApiDocument } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { almighty, buildWorld, confirmedOrder, fullOrder, SKU, samplesOf, type World } from "../../support/samples.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

describe("answers", () => {
  let platform: TestPlatform;
  let operator: Client;
  let document: ApiDocument;
  let world: World;
  const looked = new Set<string>();
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    operator = await almighty(platform);
    document = await ApiDocument.load(operator);
    world = await buildWorld(platform);
  });
  afterAll(async () => {
    await platform.stop();
  });

  /** Sends a request, and holds what comes back against the document. */
  async function check(operation: string, path: string, body?: unknown, client = operator): Promise<Answer> {
    const found = document.operation(operation);
    const answer = await client.send(found.method, path, { ...(body !== undefined && { body }), key: newId() });
    expect(document.differences(found, answer)).toEqual([]);
    if (answer.status < 300) looked.add(operation);
    return answer;
  }

  test("of everything that can be read are as the document says", async () => {
    const delivered = await confirmedOrder(operator, fullOrder());
    await check(
      "POST /api/v1/delivery/shipment/{shipmentId}/status",
      `/api/v1/delivery/shipment/${delivered.shipment.id}/status`,
      { status: "SHIPPED" },
    );
    await check(
      "POST /api/v1/delivery/shipment/{shipmentId}/status",
      `/api/v1/delivery/shipment/${delivered.shipment.id}/status`,
      { status: "DELIVERED", location: "at the door" },
    );
    await eventually(
      "it is paid",
      async () => (await operator.get(`/api/v1/orders/${delivered.id}`)).body.payment.status === "CAPTURED",
    );
    const declined = (
      await operator.post("/api/v1/orders", orderBody({ paymentToken: "pm_card_visa_chargeDeclined" }), newId())
    ).body;
    await eventually(
      "it is cancelled",
      async () => (await operator.get(`/api/v1/orders/${declined.id}`)).body.status === "CANCELLED",
    );
    for (const { id } of [delivered, declined, { id: world.order }]) {
      for (const part of ["", "/history", "/payments"])
        await check(`GET /api/v1/orders/{id}${part}`, `/api/v1/orders/${id}${part}`);
    }
    await check("GET /api/v1/orders/{id}", `/api/v1/orders/${delivered.id}?version=1`);
    await check("GET /api/v1/orders", "/api/v1/orders?limit=2");
    await check("GET /api/v1/orders/user/{userId}", `/api/v1/orders/user/${delivered.customer.id}`);
    await check("GET /api/v1/delivery/shipment/{orderId}", `/api/v1/delivery/shipment/${delivered.id}`);
    await check("GET /api/v1/shipments", "/api/v1/shipments");
    await check("GET /api/v1/shipments/{id}", `/api/v1/shipments/${world.shipment}`);
    await check("GET /api/v1/inventory/{sku}", `/api/v1/inventory/${SKU}`);
    await check("GET /api/v1/inventory/{sku}/transactions", `/api/v1/inventory/${SKU}/transactions?limit=2`);
    await check("GET /api/v1/products", "/api/v1/products?limit=100&q=coffee&sort=-price");
    await check("GET /api/v1/products/{id}", `/api/v1/products/${world.product}`);
    await check("GET /api/v1/admin/dead-letters", "/api/v1/admin/dead-letters");
    await check("GET /api/v1/admin/dead-letters/{id}", `/api/v1/admin/dead-letters/${world.deadLetter}`);
    await check("GET /api/v1/admin/outbox", "/api/v1/admin/outbox?limit=5");
    await check("GET /api/v1/notifications/settings", "/api/v1/notifications/settings");
    await check("GET /api/v1/notifications/templates", "/api/v1/notifications/templates");
    const template = "/api/v1/notifications/templates/{type}/{medium}/{language}";
    const ofMail = "/api/v1/notifications/templates/ORDER_SHIPPED/email/en";
    await check(`GET ${template}`, ofMail);
    await check(`PUT ${template}`, ofMail, { subject: "{{number}}", text: "On its way" });
    await check(`GET ${template}`, ofMail);
    await check(`DELETE ${template}`, ofMail);
    const unsubscribe = "/api/v1/notifications/unsubscribe";
    await check(`GET ${unsubscribe}`, `${unsubscribe}?token=x`);
    await check(`POST ${unsubscribe}`, `${unsubscribe}?token=x`);
    await check("GET /api/v1/admin/tenants", "/api/v1/admin/tenants?limit=2");
    await check("GET /api/v1/admin/tenants/{id}", "/api/v1/admin/tenants/demo");
    await check("GET /api/v1/admin/clients", "/api/v1/admin/clients?tenant=demo");
    await check("GET /api/v1/admin/clients/{id}", "/api/v1/admin/clients/demo-shop");
    const customer = `/api/v1/admin/customers/${world.customer}`;
    await check("GET /api/v1/admin/customers/{id}", customer);
    await check("DELETE /api/v1/admin/customers/{id}/logins", `${customer}/logins`);
    await check("GET /api/v1/admin/keys", "/api/v1/admin/keys");
    await check("GET /api/v1/admin/audit-log", "/api/v1/admin/audit-log");
    await check("GET /api/v1/admin/processes", "/api/v1/admin/processes?state=stuck");
    await check("GET /api/v1/admin/subscriptions", "/api/v1/admin/subscriptions?limit=2");
    await check(
      "GET /api/v1/admin/subscriptions/{domain}/{channel}",
      "/api/v1/admin/subscriptions/notifications/orders",
    );
    const webhook = `/api/v1/webhooks/${world.webhook}`;
    await check("GET /api/v1/webhooks", "/api/v1/webhooks");
    await check("GET /api/v1/webhooks/{id}", webhook);
    await check("GET /api/v1/webhooks/{id}/deliveries", `${webhook}/deliveries?state=FAILED`);
    await check("GET /api/v1/webhooks/{id}/deliveries/{deliveryId}", `${webhook}/deliveries/${world.webhookDelivery}`);
    for (const path of [
      "/health",
      "/health/live",
      "/health/ready",
      "/metrics",
      "/openapi.json",
      "/docs",
      "/docs/outbox",
      "/.well-known/jwks.json",
      "/.well-known/oauth-authorization-server",
    ]) {
      await check(`GET ${path}`, path);
    }
    const secret = { grant_type: "client_credentials", client_id: "demo-shop", client_secret: "demo-secret" };
    const { body } = await check("POST /api/v1/auth/token", "/api/v1/auth/token", secret);
    await check("POST /api/v1/auth/introspect", "/api/v1/auth/introspect", { ...secret, token: body.access_token });
    await check("POST /api/v1/auth/revoke", "/api/v1/auth/revoke", { ...secret, token: body.access_token });
    await check("POST /api/v1/auth/token", "/api/v1/auth/token", { ...secret, client_secret: "wrong" });
    const ada = { clientId: "demo-shop", email: "ada@example.com", password: "correct horse battery staple" };
    await check("POST /api/v1/auth/register", "/api/v1/auth/register", { ...ada, email: "alan@example.com" });
    await check("POST /api/v1/auth/login", "/api/v1/auth/login", { ...ada, password: "wrong" });
    const login = await check("POST /api/v1/auth/login", "/api/v1/auth/login", ada);
    const refreshToken = login.body.refresh_token;
    await check("POST /api/v1/auth/refresh", "/api/v1/auth/refresh", { refreshToken: "none" });
    const fresh = await check("POST /api/v1/auth/refresh", "/api/v1/auth/refresh", { refreshToken });
    const token = fresh.body.access_token;
    await check("POST /api/v1/auth/token", "/api/v1/auth/token", {
      grant_type: "refresh_token",
      refresh_token: fresh.body.refresh_token,
    });
    await check("POST /api/v1/auth/validate", "/api/v1/auth/validate", { token });
    await check("POST /api/v1/auth/logout", "/api/v1/auth/logout", {}, new Client(platform.url, token));
  });

  test("to everything that can be sent are as the document says", async () => {
    const samples = samplesOf(world);
    const spare = await confirmedOrder(operator);
    for (const { operation, path: own, body } of samples) {
      if (operation.endsWith("discard")) continue;
      const path = operation.endsWith("cancel") ? own.replace(world.order, spare.id) : own;
      const current = operation.startsWith("PUT") && (await operator.get(path)).body;
      await check(operation, path, current?.version ? { ...body, version: current.version } : body);
    }
    const product = await check("POST /api/v1/products", "/api/v1/products", {
      sku: "GONE-SOON",
      name: "x",
      price: { amount: 1, currency: "EUR" },
    });
    await check("DELETE /api/v1/products/{id}", `/api/v1/products/${product.body.id}`);
    await check("GET /api/v1/products/{id}", `/api/v1/products/${product.body.id}`);
    const { body: webhook } = await check("POST /api/v1/webhooks", "/api/v1/webhooks", { url: "http://127.0.0.1:9/" });
    await check("DELETE /api/v1/webhooks/{id}", `/api/v1/webhooks/${webhook.id}`);
    await check("GET /api/v1/webhooks/{id}", `/api/v1/webhooks/${webhook.id}`);
  });

  test("to what is wrong are as the document says", async () => {
    const shop = await platform.client("demo-shop");
    for (const { operation, path, body } of samplesOf(world)) {
      for (const client of [new Client(platform.url), shop]) await check(operation, path, { ...body, nope: 1 }, client);
      await check(operation, path, { ...body, nope: 1 });
    }
    for (const { name, path, method } of document.operations) {
      if (method === "GET" && path.includes("{")) await check(name, path.replace(/\{\w+\}/g, newId()));
    }
  });

  test("were looked at for nearly every route", () => {
    const missing = document.operations.map(({ name }) => name).filter((name) => !looked.has(name));
    // What is a customer's own, and unsubscribing, has tests of its own that do the same. Feeds have tests of their own; a shipped order cannot be compensated nor its capture skipped, and a spent letter is gone.
    expect(
      missing.filter(
        (name) =>
          !/events$|skip$|compensate$|retry$|discard$|docs\/errors$|\/users\/|preferences$|POST .*unsubscribe$/.test(
            name,
          ),
      ),
    ).toEqual([]);
  });
});
