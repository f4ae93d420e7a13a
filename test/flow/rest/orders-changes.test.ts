import { newId } from "../../../platform/ids.ts";
import { Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { confirmedOrder, SKU, troubledProcess } from "../../support/samples.ts";
import { claimsOf, headerOf, ownKey, signES256 } from "../../support/tokens.ts";
import { eventually, pause } from "../../support/waiting.ts";

jest.setTimeout(60_000);

describe("changing orders over REST", () => {
  let platform: TestPlatform;
  let shop: Client;
  let operator: Client;
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    shop = await platform.client("demo-shop");
    operator = await platform.client("demo-operator");
  });
  afterAll(async () => {
    await platform.stop();
  });

  const order = async (id: string) => (await shop.get(`/api/v1/orders/${id}`)).body;
  const becomes = (id: string, status: string) =>
    eventually(`the order is ${status}`, async () => {
      const now = await order(id);
      return now.status === status && now;
    });
  const stock = async () => (await operator.get(`/api/v1/inventory/${SKU}`)).body;
  const ship = (shipment: string, status = "SHIPPED") =>
    operator.post(`/api/v1/delivery/shipment/${shipment}/status`, { status });

  describe("a cancel", () => {
    test.each([
      ["a shop", "demo-shop", "CUSTOMER_REQUEST"],
      ["an operator", "demo-operator", "OPERATOR"],
    ])("by %s is a 200; CANCELLED, the voided payment and the stock follow", async (_, client, code) => {
      const before = await stock();
      const { id } = await confirmedOrder(shop);
      expect((await stock()).reserved).toBe(before.reserved + 1);
      const answer = await (await platform.client(client)).post(`/api/v1/orders/${id}/cancel`, {
        reason: "changed my mind",
      });
      expect([answer.status, answer.body.id]).toEqual([200, id]);
      const cancelled = await becomes(id, "CANCELLED");
      expect(cancelled.cancellation).toMatchObject({ code, message: "changed my mind", by: client });
      expect(cancelled).toMatchObject({
        payment: { status: "VOIDED", captured: { amount: 0 } },
        shipment: { status: "CANCELLED" },
      });
      expect(await stock()).toMatchObject({ onHand: before.onHand, reserved: before.reserved });
      // Cancelling what is cancelled changes nothing.
      const again = await shop.post(`/api/v1/orders/${id}/cancel`, {});
      expect([again.status, again.body.version]).toEqual([200, cancelled.version]);
    });

    test("while the order is still pending is a 200 too", async () => {
      const { body } = await shop.post("/api/v1/orders", orderBody(), newId());
      const answer = await shop.post(`/api/v1/orders/${body.id}/cancel`);
      expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
      const cancelled = await becomes(body.id, "CANCELLED");
      expect(["NONE", "VOIDED", "PENDING"]).toContain(cancelled.payment.status);
      expect(cancelled.cancellation.code).toBe("CUSTOMER_REQUEST");
    });

    test("of what has left is a 409 ALREADY_SHIPPED", async () => {
      const { id, shipment } = await confirmedOrder(shop);
      expect((await ship(shipment.id)).status).toBe(200);
      // Delivery is asked, so it makes no difference whether the order has heard of it.
      expectProblem(await shop.post(`/api/v1/orders/${id}/cancel`), 409, "ALREADY_SHIPPED");
      await becomes(id, "SHIPPED");
      expectProblem(await shop.post(`/api/v1/orders/${id}/cancel`), 409, "ALREADY_SHIPPED");
      await ship(shipment.id, "DELIVERED");
      await becomes(id, "DELIVERED");
      expectProblem(await operator.put(`/api/v1/orders/${id}/status`, { status: "CANCELLED" }), 409, "ALREADY_SHIPPED");
    });

    test("under a key is repeated from the key, though the order has gone on", async () => {
      const { id } = await confirmedOrder(shop);
      const first = await shop.post(`/api/v1/orders/${id}/cancel`, { reason: "once" }, "cancel-once");
      await becomes(id, "CANCELLED");
      const again = await shop.post(`/api/v1/orders/${id}/cancel`, { reason: "once" }, "cancel-once");
      expect([again.status, again.text, again.headers["idempotency-replayed"]]).toEqual([200, first.text, "true"]);
    });

    test("under a key that was used for another order is a 422 and cancels nothing", async () => {
      const [one, other] = [await confirmedOrder(shop), await confirmedOrder(shop)];
      expect((await shop.post(`/api/v1/orders/${one.id}/cancel`, {}, "cancel-other")).status).toBe(200);
      expectProblem(
        await shop.post(`/api/v1/orders/${other.id}/cancel`, {}, "cancel-other"),
        422,
        "IDEMPOTENCY_KEY_REUSED",
      );
      await becomes(one.id, "CANCELLED");
      await pause(300);
      expect(await order(other.id)).toMatchObject({ status: "PENDING_SHIPMENT", shipment: { status: "PROCESSING" } });
    });
  });

  test("a write with a tag that is not the order's any more is a 412 and changes nothing", async () => {
    const { id } = await confirmedOrder(shop);
    const { headers } = await shop.get(`/api/v1/orders/${id}`);
    const tag = headers.etag as string;
    for (const stale of ['"0"', '"x"', `W/${tag}`]) {
      const cancel = await shop.send("POST", `/api/v1/orders/${id}/cancel`, { headers: { "if-match": stale } });
      expectProblem(cancel, 412, "PRECONDITION_FAILED");
      expectProblem(
        await operator.put(`/api/v1/orders/${id}/status`, { status: "SHIPPED" }, { "if-match": stale }),
        412,
      );
    }
    expect(await order(id)).toMatchObject({ status: "PENDING_SHIPMENT", shipment: { status: "PROCESSING" } });
    const right = await shop.send("POST", `/api/v1/orders/${id}/cancel`, { headers: { "if-match": `"0", ${tag}` } });
    expect(right.status).toBe(200);
    await becomes(id, "CANCELLED");
  });

  describe("an operator's status", () => {
    const set = (id: string, status: string, client = operator) =>
      client.put(`/api/v1/orders/${id}/status`, { status, reason: "by phone" });

    test("moves the shipment, and the order follows", async () => {
      const { id } = await confirmedOrder(shop);
      expect((await set(id, "SHIPPED")).status).toBe(200);
      expect((await becomes(id, "SHIPPED")).shipment.status).toBe("SHIPPED");
      expect((await set(id, "DELIVERED")).status).toBe(200);
      await becomes(id, "DELIVERED");
      const trail = (await operator.get(`/api/v1/delivery/shipment/${id}`)).body.events;
      expect(trail.map((entry: { status: string }) => entry.status)).toEqual(["PROCESSING", "SHIPPED", "DELIVERED"]);
      expect(trail[1]).toMatchObject({ detail: "by phone", actor: "demo-operator" });
    });

    test("CANCELLED is a cancel", async () => {
      const { id } = await confirmedOrder(shop);
      expect((await set(id, "CANCELLED")).status).toBe(200);
      expect((await becomes(id, "CANCELLED")).cancellation).toMatchObject({ code: "OPERATOR", message: "by phone" });
    });

    test.each(["PENDING", "DELIVERED", "RETURNED"])(
      "of %s is a 409 for an order that waits for its carrier",
      async (status) => {
        const { id } = await confirmedOrder(shop);
        expectProblem(await set(id, status), 409, "ILLEGAL_TRANSITION");
        expect((await order(id)).status).toBe("PENDING_SHIPMENT");
      },
    );

    test("is never set back", async () => {
      const { id } = await confirmedOrder(shop);
      await set(id, "SHIPPED");
      await becomes(id, "SHIPPED");
      for (const status of ["PENDING", "PENDING_SHIPMENT"])
        expectProblem(await set(id, status), 409, "ILLEGAL_TRANSITION");
      expectProblem(await set(id, "CANCELLED"), 409, "ALREADY_SHIPPED");
    });

    test("is for operators alone", async () => {
      const { id } = await confirmedOrder(shop);
      expectProblem(await set(id, "SHIPPED", shop), 403, "FORBIDDEN");
    });
  });

  test("compensating a process that is stuck is answered with the process, and repeated from its key", async () => {
    const { id } = await confirmedOrder(shop);
    await troubledProcess(platform, id);
    const first = await operator.post(`/api/v1/admin/processes/${id}/compensate`, { reason: "hopeless" }, "compensate");
    expect([first.status, first.body]).toEqual([200, expect.objectContaining({ orderId: id, step: "capture" })]);
    await becomes(id, "CANCELLED");
    await platform.owner.query("delete from orders.processes where order_id = $1", [id]);
    const again = await operator.post(`/api/v1/admin/processes/${id}/compensate`, { reason: "hopeless" }, "compensate");
    expect([again.status, again.text, again.headers["idempotency-replayed"]]).toEqual([200, first.text, "true"]);
  });

  test("a customer's token sees and cancels that customer's orders alone", async () => {
    const { token } = shop;
    const [ada, grace] = [newId(), newId()];
    const key = await ownKey(platform.owner);
    const as = (customer: string) =>
      new Client(
        platform.url,
        signES256(headerOf(token as string), { ...claimsOf(token as string), jti: newId(), customer }, key.privateKey),
      );
    const own = await confirmedOrder(as(ada), orderBody({ customer: { id: grace, email: "ada@example.com" } }));
    const others = await confirmedOrder(shop, orderBody({ customer: { id: grace, email: "grace@example.com" } }));
    expect(own.customer).toEqual({ id: ada, email: "ada@example.com" });
    expect(others.customer).toEqual({ id: grace, email: "grace@example.com" });
    expect((await as(ada).get("/api/v1/orders")).body.items.map(({ id }: { id: string }) => id)).toEqual([own.id]);
    expect((await as(ada).get(`/api/v1/orders/user/${grace}`)).body.items).toEqual([]);
    for (const path of ["", "/history", "/payments", "/events"])
      expectProblem(await as(ada).get(`/api/v1/orders/${others.id}${path}`), 404, "NOT_FOUND");
    expectProblem(await as(ada).get(`/api/v1/delivery/shipment/${others.id}`), 404, "NOT_FOUND");
    expectProblem(await as(ada).get(`/api/v1/shipments/${others.shipment.id}`), 404, "NOT_FOUND");
    expect(
      (await as(ada).get("/api/v1/shipments")).body.items.map(({ orderId }: { orderId: string }) => orderId),
    ).toEqual([own.id]);
    expectProblem(await as(ada).post(`/api/v1/orders/${others.id}/cancel`), 404, "NOT_FOUND");
    expect((await as(ada).post(`/api/v1/orders/${own.id}/cancel`)).status).toBe(200);
    expect((await becomes(own.id, "CANCELLED")).cancellation).toMatchObject({ code: "CUSTOMER_REQUEST", by: ada });
  });
});
