import { type Client, orderBody } from "../support/client.ts";
import { onHand } from "../support/oracle.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { expectSound } from "../support/sound.ts";
import { eventually, pause } from "../support/waiting.ts";

jest.setTimeout(60_000);

describe("an order's life", () => {
  let platform: TestPlatform;
  let shop: Client;
  let operator: Client;
  let initial: Map<string, number>;

  async function given(env: Record<string, string> = {}): Promise<void> {
    platform = await startPlatform(env);
    shop = await platform.client("demo-shop");
    operator = await platform.client("demo-operator");
    initial = await onHand(platform.owner);
  }
  afterEach(async () => {
    await platform.stop();
  });

  /** As the order process calls. */
  const internal = { meta: { identity: { tenant: "*", client: "service:orders", scopes: [] } } };

  let keys = 0;
  async function place(overrides: Record<string, unknown> = {}): Promise<string> {
    const answer = await shop.post("/api/v1/orders", orderBody(overrides), `scenario-${++keys}`);
    expect([answer.status, answer.text]).toEqual([201, answer.text]);
    return answer.body.id;
  }
  const order = async (id: string) => (await shop.get(`/api/v1/orders/${id}`)).body;
  const orderIs = (id: string, status: string) =>
    eventually(`${id} is ${status}`, async () => (await order(id)).status === status);
  const settled = (id: string, payment: string) =>
    eventually(`the payment of ${id} is ${payment}`, async () => (await order(id)).payment.status === payment);
  const history = async (id: string) =>
    (await shop.get(`/api/v1/orders/${id}/history?limit=100`)).body.items.map((event: { type: string }) => event.type);
  const isSound = () => expectSound(platform.owner, [], initial);
  const move = async (id: string, status: string) => {
    const shipment = await eventually("there is a shipment", async () => (await order(id)).shipment);
    return operator.post(`/api/v1/delivery/shipment/${shipment.id}/status`, { status });
  };

  test("happy path: placed, reserved, authorised, confirmed, shipped, captured, delivered, one event each", async () => {
    await given();
    const id = await place();
    await orderIs(id, "DELIVERED");
    await settled(id, "CAPTURED");
    const types: string[] = await history(id);
    expect(types.slice(0, 4)).toEqual([
      "orders.placed.v1",
      "orders.stock_reserved.v1",
      "orders.payment_authorised.v1",
      "orders.confirmed.v1",
    ]);
    expect([...types].sort()).toEqual(
      [
        "placed",
        "stock_reserved",
        "payment_authorised",
        "confirmed",
        "processing",
        "shipped",
        "payment_captured",
        "delivered",
      ]
        .map((type) => `orders.${type}.v1`)
        .sort(),
    );
    expect((await order(id)).version).toBe(8);
    await isSound();
  });

  test("payment declined: cancelled with the bank's code, nothing charged, stock given back", async () => {
    await given();
    const id = await place({ paymentToken: "pm_card_visa_chargeDeclinedInsufficientFunds" });
    await orderIs(id, "CANCELLED");
    expect(await order(id)).toMatchObject({
      cancellation: { code: "PAYMENT_DECLINED" },
      payment: {
        status: "DECLINED",
        declineCode: "insufficient_funds",
        authorised: { amount: 0 },
        captured: { amount: 0 },
      },
    });
    expect(await history(id)).toEqual(["orders.placed.v1", "orders.stock_reserved.v1", "orders.cancelled.v1"]);
    await isSound();
  });

  test("payment unknown: the provider is asked until it is definite, and charges once", async () => {
    await given();
    const id = await place({ paymentToken: "pm_waybill_timeout" });
    await settled(id, "UNKNOWN");
    await settled(id, "CAPTURED");
    const { rows } = await platform.owner.query(
      "select count(*)::int from payments.sandbox_authorisations where status = 'AUTHORISED'",
    );
    expect(rows[0].count).toBe(1);
    await orderIs(id, "DELIVERED");
    await isSound();
  });

  test("deadline passed while the payment is unknown: cancelled, and the authorisation that turns up late is voided", async () => {
    await given({ ORDER_DEADLINE_MS: "1000" });
    const id = await place({ paymentToken: "pm_waybill_timeout" });
    await orderIs(id, "CANCELLED");
    expect(await order(id)).toMatchObject({
      cancellation: { code: "TIMED_OUT" },
      payment: { status: "VOIDED", captured: { amount: 0 } },
    });
    // Asked again later, as a node would that was asleep: the late success finds the tombstone.
    const authorise = {
      tenant: "demo",
      orderId: id,
      operationId: `${id}:late`,
      amount: 100,
      currency: "EUR",
      token: "pm_card_visa",
    };
    const [late] = (await platform
      .node("payments")
      .call("payments.authorise", { requests: [authorise] }, internal)) as {
      status: string;
    }[];
    expect(late?.status).toBe("VOIDED");
    const reserve = { tenant: "demo", orderId: id, lines: [{ sku: "SKU-COFFEE-1KG", quantity: 1 }] };
    const [reserved] = (await platform
      .node("inventory")
      .call("inventory.reserve", { requests: [reserve] }, internal)) as {
      status: string;
    }[];
    expect(reserved?.status).toBe("RELEASED");
    const { rows } = await platform.owner.query(
      "select count(*)::int from payments.sandbox_authorisations where status = 'AUTHORISED'",
    );
    expect(rows[0].count).toBe(0);
    await isSound();
  });

  test("stock gone between the check and the reservation: cancelled OUT_OF_STOCK, nobody charged", async () => {
    await given();
    await operator.put("/api/v1/inventory/SKU-COFFEE-1KG", { onHand: 5 });
    const ids = await Promise.all(
      Array.from({ length: 10 }, () => place({ items: [{ sku: "SKU-COFFEE-1KG", quantity: 1 }] }).catch(() => "")),
    );
    const accepted = ids.filter((id) => id !== "");
    await eventually("all are at their end", async () => {
      const all = await Promise.all(accepted.map(order));
      return all.every((one) => one.status === "DELIVERED" || one.status === "CANCELLED");
    });
    const all = await Promise.all(accepted.map(order));
    expect(all.filter((one) => one.status === "DELIVERED")).toHaveLength(5);
    for (const one of all.filter((other) => other.status === "CANCELLED")) {
      expect(one).toMatchObject({
        cancellation: { code: "OUT_OF_STOCK" },
        payment: { status: "NONE", authorised: { amount: 0 } },
      });
    }
  });

  test("capture failing after the goods have left: SHIPPED with attention, stuck, until an operator acts", async () => {
    await given({ CARRIER: "manual" });
    const id = await place({ paymentToken: "pm_waybill_captureFails" });
    await move(id, "SHIPPED");
    await settled(id, "CAPTURE_FAILED");
    expect(await order(id)).toMatchObject({ status: "SHIPPED", attention: "CAPTURE_FAILED" });
    const stuck = async () => (await operator.get("/api/v1/admin/processes?state=stuck")).body.items;
    expect(await stuck()).toMatchObject([{ orderId: id, step: "capture", state: "stuck" }]);
    await eventually("what has left is taken out of the stock", async () => {
      return (await operator.get("/api/v1/inventory/SKU-COFFEE-1KG")).body.onHand === 999_999;
    });
    // What else happens to the order does not make the trouble go away.
    await move(id, "FAILED");
    await move(id, "SHIPPED");
    expect(await stuck()).toHaveLength(1);
    expect((await operator.post(`/api/v1/admin/processes/${id}/compensate`, {})).body.code).toBe("ALREADY_SHIPPED");
    // Tried again, it is refused again.
    await operator.post(`/api/v1/admin/processes/${id}/retry`, {});
    await eventually("it was refused again", async () => {
      const { rows } = await platform.owner.query(
        "select count(*)::int from orders.event_log where type = 'orders.capture_failed.v1'",
      );
      return rows[0].count === 2;
    });
    expect(await stuck()).toHaveLength(1);
    await move(id, "DELIVERED");
    await orderIs(id, "DELIVERED");
    const skipped = await operator.post(`/api/v1/admin/processes/${id}/skip`, { reason: "paid by bank transfer" });
    expect(skipped.status).toBe(200);
    await eventually("nothing is stuck", async () => (await stuck()).length === 0);
  });

  test("cancel racing the shipment: delivery decides, and each order ends one way", async () => {
    await given({ CARRIER: "manual" });
    const ids = await Promise.all(Array.from({ length: 20 }, () => place()));
    const shipments = await Promise.all(
      ids.map((id) => eventually("there is a shipment", async () => (await order(id)).shipment)),
    );
    const outcomes = await Promise.all(
      ids.map(async (id, i) => {
        const ship = () => operator.post(`/api/v1/delivery/shipment/${shipments[i].id}/status`, { status: "SHIPPED" });
        const cancel = () => shop.post(`/api/v1/orders/${id}/cancel`, { reason: "changed my mind" });
        const [first, second] = i % 2 === 0 ? [ship, cancel] : [cancel, ship];
        const answers = await Promise.all([first(), second()]);
        return i % 2 === 0
          ? { shipped: answers[0], cancelled: answers[1] }
          : { shipped: answers[1], cancelled: answers[0] };
      }),
    );
    for (const [i, { shipped, cancelled }] of outcomes.entries()) {
      const id = ids[i] as string;
      expect([shipped.status, cancelled.status].sort()).toEqual([200, 409]);
      if (cancelled.status === 200) {
        await orderIs(id, "CANCELLED");
        expect(await order(id)).toMatchObject({
          cancellation: { code: "CUSTOMER_REQUEST", message: "changed my mind" },
          payment: { status: "VOIDED" },
        });
      } else {
        expect(cancelled.body.code).toBe("ALREADY_SHIPPED");
        await orderIs(id, "SHIPPED");
        await move(id, "DELIVERED");
        await orderIs(id, "DELIVERED");
        await settled(id, "CAPTURED");
      }
    }
    await isSound();
  });

  test("cancel at any moment of the process: ends cancelled or delivered, never charged and cancelled", async () => {
    await given({ CARRIER_PICKUP_MS: "30", CARRIER_DELIVERY_MS: "30" });
    const ids = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const id = await place();
        await pause(i * 2);
        const answer = await shop.post(`/api/v1/orders/${id}/cancel`);
        expect([200, 409]).toContain(answer.status);
        await orderIs(id, answer.status === 200 ? "CANCELLED" : "DELIVERED");
        if (answer.status !== 200) await settled(id, "CAPTURED");
        return answer.status;
      }),
    );
    expect(ids).toContain(200);
    await isSound();
  });

  test("events delivered again from the beginning change nothing", async () => {
    await given();
    const id = await place();
    await orderIs(id, "DELIVERED");
    await settled(id, "CAPTURED");
    const before = await history(id);
    await platform.restart(async () => {
      for (const domain of ["orders", "delivery", "inventory", "notifications"]) {
        await platform.owner.query(`update ${domain}.subscription_cursors set sequence = 0`);
      }
    });
    shop = await platform.client("demo-shop");
    const next = await place();
    await orderIs(next, "DELIVERED");
    await settled(next, "CAPTURED");
    expect(await history(id)).toEqual(before);
    await isSound();
  });

  test("a failed delivery keeps the order SHIPPED with attention, and a return ends it", async () => {
    await given({ CARRIER: "manual" });
    const id = await place();
    for (const status of ["SHIPPED", "FAILED"]) await move(id, status);
    await eventually("it wants attention", async () => (await order(id)).attention === "DELIVERY_FAILED");
    expect((await order(id)).status).toBe("SHIPPED");
    await move(id, "RETURNED");
    await orderIs(id, "RETURNED");
  });

  test("a cancelled order whose confirmation reaches delivery late makes no shipment that leaves", async () => {
    await given({ CARRIER: "manual" });
    const id = await place();
    await eventually("it is confirmed", async () => (await order(id)).status === "PENDING_SHIPMENT");
    const answer = await shop.post(`/api/v1/orders/${id}/cancel`);
    expect(answer.status).toBe(200);
    await orderIs(id, "CANCELLED");
    const shipment = await operator.get(`/api/v1/delivery/shipment/${id}`);
    if (shipment.status === 200) {
      expect(shipment.body.status).toBe("CANCELLED");
      const moved = await operator.post(`/api/v1/delivery/shipment/${shipment.body.id}/status`, { status: "SHIPPED" });
      expect(moved.status).toBe(409);
    }
    await isSound();
  });

  test("projections rebuilt from the events are as they were, and a spoilt one is put right", async () => {
    await given();
    const ids = [await place(), await place({ paymentToken: "pm_card_visa_chargeDeclined" })];
    await orderIs(ids[0] as string, "DELIVERED");
    await settled(ids[0] as string, "CAPTURED");
    await orderIs(ids[1] as string, "CANCELLED");
    const before = await Promise.all(ids.map(order));
    expect(await platform.node("orders").call("orders.rebuildProjection", {}, internal)).toEqual({
      orders: 2,
      changed: 0,
    });
    await platform.owner.query(
      "update orders.orders set status = 'PENDING', state = state || '{\"version\": 99}' where id = $1",
      [ids[0]],
    );
    // Its version is what it was: the row itself tells that what was read of it before is not what it is now.
    expect(await order(ids[0] as string)).toMatchObject({ status: "PENDING", version: 99 });
    expect(await platform.node("orders").call("orders.rebuildProjection", {}, internal)).toEqual({
      orders: 2,
      changed: 1,
    });
    expect(await Promise.all(ids.map(order))).toEqual(before);
  });

  test("a free order skips the payment", async () => {
    await given();
    const product = await operator.post("/api/v1/products", {
      sku: "SKU-FREE",
      name: "A free sample",
      price: { amount: 0, currency: "EUR" },
    });
    expect(product.status).toBe(201);
    await operator.put("/api/v1/inventory/SKU-FREE", { onHand: 3 });
    await platform.owner.query("update catalog.settings set shipping_amount = 0 where tenant = 'demo'");
    const id = await place({ items: [{ sku: "SKU-FREE", quantity: 1 }] });
    await orderIs(id, "DELIVERED");
    expect((await order(id)).payment).toMatchObject({ status: "NONE", captured: { amount: 0 } });
  });
});
