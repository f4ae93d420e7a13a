import { DOMAINS } from "../../../platform/config.ts";
import { newId } from "../../../platform/ids.ts";
import { Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { confirmedOrder, deadLetter, SKU, troubledProcess } from "../../support/samples.ts";
import { eventually } from "../../support/waiting.ts";
import { answer, Receiver } from "../../support/webhook-receiver.ts";
import { addWebhook } from "../../support/webhooks.ts";

jest.setTimeout(60_000);

describe("operations", () => {
  let platform: TestPlatform;
  let operator: Client;
  let nobody: Client;
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual", WEBHOOKS_FIRST_RETRY_MS: "20" });
    operator = await platform.client("demo-operator");
    nobody = new Client(platform.url);
  });
  afterAll(async () => {
    await platform.stop();
  });

  /** The value of a metric, by its name and labels in any order. */
  async function metric(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
    const { text } = await nobody.get("/metrics");
    const line = text.split("\n").find((one) => {
      const [, found, pairs = ""] = /^(\w+)(?:\{(.*)\})? /.exec(one) ?? [];
      return (
        found === name &&
        Object.entries(labels).every(([label, value]) => pairs.split(",").includes(`${label}="${value}"`))
      );
    });
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ")));
  }
  const eventualMetric = (name: string, labels: Record<string, string>, value: number) =>
    eventually(`${name} ${JSON.stringify(labels)} is ${value}`, async () => (await metric(name, labels)) === value);

  describe("health", () => {
    test("live says that the process runs", async () => {
      const { status, body } = await nobody.get("/health/live");
      expect([status, body]).toEqual([200, { status: "up" }]);
    });

    test.each(["/health", "/health/ready"])(
      "%s names each dependency, and tells nobody more than that",
      async (path) => {
        const { status, body, text } = await nobody.get(path);
        expect([status, body.status, Object.keys(body.dependencies).sort()]).toEqual([200, "up", [...DOMAINS].sort()]);
        for (const dependency of Object.values(body.dependencies))
          expect(dependency).toMatchObject({ status: "up", database: "up" });
        expect(text).not.toMatch(/postgres:|password|127\.0\.0\.1:/);
      },
    );

    test("a domain whose database is away is a 503 that names it, and is up again afterwards", async () => {
      const { owner, db } = platform;
      const others = DOMAINS.filter((domain) => domain !== "payments").map((domain) => `waybill_${domain}`);
      // Of this database alone: the roles are those of all suites.
      await owner.query(`revoke connect on database ${db.name} from public, waybill_payments`);
      await owner.query(`grant connect on database ${db.name} to ${others}`);
      await owner.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'waybill_payments' and datname = $1",
        [db.name],
      );
      const down = await eventually("it is noticed", async () => {
        const answer = await nobody.get("/health/ready");
        return answer.status === 503 ? answer : undefined;
      });
      expect(down.body).toMatchObject({
        status: "down",
        dependencies: { payments: { status: "down" }, orders: { status: "up" } },
      });
      expect(down.headers["retry-after"]).toMatch(/^\d+$/);
      expect((await nobody.get("/health/live")).status).toBe(200);
      // Orders are accepted without it, and go on when it is back.
      const { status, body } = await operator.post("/api/v1/orders", orderBody(), "without-payments");
      expect(status).toBe(201);
      expectProblem(await operator.get(`/api/v1/orders/${body.id}/payments`), 503, "UNAVAILABLE");
      await owner.query(`grant connect on database ${db.name} to public`);
      await eventually("it is ready again", async () => (await nobody.get("/health/ready")).status === 200);
      await eventually(
        "the order goes on",
        async () => (await operator.get(`/api/v1/orders/${body.id}`)).body.status === "PENDING_SHIPMENT",
      );
    });
  });

  describe("metrics", () => {
    test("are in Prometheus' form", async () => {
      const { status, headers, text } = await nobody.get("/metrics");
      expect([status, headers["content-type"]]).toEqual([200, expect.stringMatching(/^text\/plain; version=0\.0\.4/)]);
      const typed = new Set<string>();
      for (const line of text.split("\n").filter((one) => one !== "")) {
        const comment = /^# (HELP|TYPE) (\w+) \S/.exec(line);
        const sample = /^([a-zA-Z_:][\w:]*)(?:\{\w+="[^"\n]*"(?:,\w+="[^"\n]*")*\})? (?:[+-]?Inf|NaN|[-+.\de]+)$/i.exec(
          line,
        );
        expect([line, Boolean(comment ?? sample)]).toEqual([line, true]);
        if (comment?.[1] === "TYPE") {
          expect([line, typed.has(comment[2] as string)]).toEqual([line, false]);
          typed.add(comment[2] as string);
        }
        if (sample)
          expect([
            line,
            typed.has(sample[1] as string) || typed.has((sample[1] as string).replace(/_(bucket|sum|count)$/, "")),
          ]).toEqual([line, true]);
      }
    });

    test("count orders by status", async () => {
      const [shipped, cancelled] = [await confirmedOrder(operator), await confirmedOrder(operator)];
      await confirmedOrder(operator);
      await operator.post(`/api/v1/delivery/shipment/${shipped.shipment.id}/status`, { status: "SHIPPED" });
      await operator.post(`/api/v1/orders/${cancelled.id}/cancel`);
      await eventually("the metrics say what the orders are", async () => {
        const { rows } = await platform.owner.query(
          "select status, count(*)::int as count from orders.orders group by status",
        );
        const said = await Promise.all(
          rows.map(async (row) => (await metric("waybill_orders", { status: row.status })) === row.count),
        );
        return said.length >= 3 && said.every(Boolean);
      });
    });

    test("tell what waits for webhooks and for media, and since when, without a word of whose it is", async () => {
      const receiver = await Receiver.start();
      receiver.answering = answer(500);
      const endpoints = { domain: "webhooks" };
      await eventualMetric("waybill_webhooks_endpoints", { ...endpoints, state: "well" }, 0);
      const { id } = await addWebhook(operator, receiver);
      for (let i = 0; i < 6; i++) await confirmedOrder(operator);
      await eventualMetric("waybill_webhooks_endpoints", { ...endpoints, state: "broken" }, 1);
      await eventually(
        "something of each order waits",
        async () => ((await metric("waybill_webhooks_waiting", endpoints)) ?? 0) >= 6,
      );
      expect(await metric("waybill_webhooks_waiting_seconds", endpoints)).toBeGreaterThan(0);
      expect((await nobody.get("/metrics")).text).not.toMatch(/demo|acme/);
      // What waits for an endpoint that is not called is nobody's backlog.
      receiver.answering = answer(410);
      await eventualMetric("waybill_webhooks_endpoints", { ...endpoints, state: "disabled" }, 1);
      await eventualMetric("waybill_webhooks_waiting", endpoints, 0);
      expect(await metric("waybill_webhooks_waiting_seconds", endpoints)).toBe(0);
      await operator.send("DELETE", `/api/v1/webhooks/${id}`);
      await receiver.close();

      const mail = { domain: "notifications", medium: "email" };
      await eventualMetric("waybill_messages_waiting", mail, 0);
      await platform.owner.query(
        `update notifications.messages set state = 'PENDING', due_at = '2999-01-01', created_at = now() - interval '1 hour'
         where ctid = (select ctid from notifications.messages limit 1)`,
      );
      await eventualMetric("waybill_messages_waiting", mail, 1);
      expect(await metric("waybill_messages_waiting_seconds", mail)).toBeGreaterThanOrEqual(3_600);
      expect(await metric("waybill_messages_waiting", { ...mail, medium: "sms" })).toBe(0);
      await platform.owner.query(
        "update notifications.messages set state = 'DEAD' where due_at > now() + interval '1 day'",
      );
      await eventualMetric("waybill_messages_dead", { domain: "notifications" }, 1);
    });

    test("tell how far each relay is behind, what is parked and what is stuck", async () => {
      for (const domain of ["orders", "payments", "delivery", "inventory", "catalog"]) {
        await eventualMetric("waybill_relay_waiting", { domain }, 0);
        expect(await metric("waybill_relay_lag_seconds", { domain })).toBe(0);
        expect(await metric("waybill_relay_led", { domain })).toBe(1);
      }
      await eventualMetric("waybill_parked_streams", { domain: "inventory", state: "dead" }, 0);
      const letter = await deadLetter(platform);
      await eventualMetric("waybill_parked_streams", { domain: "inventory", state: "dead" }, 1);
      await operator.post(`/api/v1/admin/dead-letters/${letter}/discard`);
      await eventualMetric("waybill_parked_streams", { domain: "inventory", state: "dead" }, 0);
      const { id } = await confirmedOrder(operator);
      await troubledProcess(platform, id);
      await eventualMetric("waybill_order_processes", { state: "stuck" }, 1);
      await platform.owner.query("delete from orders.processes where order_id = $1", [id]);
      await eventualMetric("waybill_order_processes", { state: "stuck" }, 0);
    });

    test("measure requests by their route, so that no path of a caller's becomes a label", async () => {
      await operator.get(`/api/v1/orders/${newId()}`);
      await nobody.get("/a/path/of/my/own");
      expect(
        await metric("waybill_http_request_duration_seconds_count", {
          route: "/api/v1/orders/:id",
          method: "GET",
          status: "404",
        }),
      ).toBeGreaterThan(0);
      expect((await nobody.get("/metrics")).text).not.toContain("of/my/own");
    });
  });

  describe("an order process in trouble", () => {
    test("is listed for its tenant alone, by state, and can be tried again", async () => {
      const { id, number } = await confirmedOrder(operator, orderBody());
      await troubledProcess(platform, id);
      const list = async (query: string, client = operator) =>
        (await client.get(`/api/v1/admin/processes${query}`)).body.items;
      expect(await list("?state=stuck")).toEqual([
        expect.objectContaining({
          orderId: id,
          number,
          state: "stuck",
          step: "capture",
          attempts: 8,
          error: expect.stringContaining("the bank"),
        }),
      ]);
      expect(await list("?state=retrying")).toEqual([]);
      expect(await list("", await platform.client("acme-operator"))).toEqual([]);
      const retried = await operator.post(`/api/v1/admin/processes/${id}/retry`);
      expect([retried.status, retried.body]).toEqual([
        200,
        expect.objectContaining({ orderId: id, state: "retrying" }),
      ]);
      // There was nothing wrong with the order, so nothing is left to be tried.
      await eventually("the trouble is over", async () => (await list("")).length === 0);
    });

    test("of a capture that fails for good leaves the order SHIPPED until an operator vouches for it", async () => {
      const order = await confirmedOrder(operator, orderBody({ paymentToken: "pm_waybill_captureFails" }));
      await operator.post(`/api/v1/delivery/shipment/${order.shipment.id}/status`, { status: "SHIPPED" });
      const stuck = await eventually("it is stuck", async () =>
        (await operator.get("/api/v1/admin/processes?state=stuck")).body.items.find(
          ({ orderId }: { orderId: string }) => orderId === order.id,
        ),
      );
      expect(stuck).toMatchObject({ step: "capture" });
      expect((await operator.get(`/api/v1/orders/${order.id}`)).body).toMatchObject({
        status: "SHIPPED",
        payment: { status: "CAPTURE_FAILED", captured: { amount: 0 } },
      });
      expectProblem(await operator.post(`/api/v1/admin/processes/${order.id}/compensate`), 409, "ALREADY_SHIPPED");
      expect((await operator.post(`/api/v1/admin/processes/${order.id}/skip`, { reason: "paid in cash" })).status).toBe(
        200,
      );
      await eventually(
        "it is gone",
        async () => (await operator.get("/api/v1/admin/processes")).body.items.length === 0,
      );
      expectProblem(await operator.post(`/api/v1/admin/processes/${order.id}/skip`), 404, "NOT_FOUND");
      expect((await operator.get(`/api/v1/inventory/${SKU}`)).status).toBe(200);
    });
  });
});
