import type { Client } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { confirmedOrder, deadLetter, SKU } from "../../support/samples.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

describe("dead letters over REST", () => {
  let platform: TestPlatform;
  let operator: Client;
  beforeEach(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    operator = await platform.client("demo-operator");
  });
  afterEach(async () => {
    await platform.stop();
  });

  const letters = async (client = operator, query = "") =>
    (await client.get(`/api/v1/admin/dead-letters${query}`)).body.items;
  const onHand = async () => (await operator.get(`/api/v1/inventory/${SKU}`)).body.onHand;
  /** Lets all attempts pass at once: the pauses between them come to a minute. */
  const outOfPatience = () =>
    platform.owner.query("update inventory.parked_streams set attempts = 9, due_at = now() where state = 'retrying'");

  /** Ships an order whose stock is not held any more: inventory cannot deal with that. */
  async function spoiled() {
    const order = await confirmedOrder(operator);
    await platform.owner.query("update inventory.reservations set status = 'RELEASED' where reference = $1", [
      order.id,
    ]);
    await operator.post(`/api/v1/delivery/shipment/${order.shipment.id}/status`, { status: "SHIPPED" });
    const letter = await eventually("there is a dead letter", async () => {
      await outOfPatience();
      return (await letters()).find(
        ({ event }: { event: { data: { orderId: string } } }) => event.data.orderId === order.id,
      );
    });
    return { order, letter };
  }

  test("an event that cannot be dealt with is kept whole, and does not hold up anybody else", async () => {
    const { order, letter } = await spoiled();
    expect(letter).toMatchObject({
      domain: "inventory",
      channel: "delivery",
      stream: order.shipment.id,
      attempts: 10,
      waiting: 0,
    });
    expect(letter.error).toContain(order.id);
    expect(letter.event).toMatchObject({
      type: "delivery.shipped.v1",
      data: { orderId: order.id, lines: [{ sku: SKU, quantity: 1 }] },
    });
    expect((await operator.get(`/api/v1/admin/dead-letters/${letter.id}`)).body).toEqual(letter);
    const before = await onHand();
    const other = await confirmedOrder(operator);
    await operator.post(`/api/v1/delivery/shipment/${other.shipment.id}/status`, { status: "SHIPPED" });
    await eventually("the other one has left the stock", async () => (await onHand()) === before - 1);
    // The order itself has followed its shipment.
    await eventually(
      "it is shipped",
      async () => (await operator.get(`/api/v1/orders/${order.id}`)).body.status === "SHIPPED",
    );
  });

  test("one that is redriven once its cause is gone has its effect, and those behind it follow", async () => {
    const before = await onHand();
    const { order, letter } = await spoiled();
    await operator.post(`/api/v1/delivery/shipment/${order.shipment.id}/status`, { status: "DELIVERED" });
    await platform.owner.query("update inventory.reservations set status = 'HELD' where reference = $1", [order.id]);
    const redriven = await operator.post(`/api/v1/admin/dead-letters/${letter.id}/redrive`, {}, "redrive-once");
    expect([redriven.status, redriven.body]).toEqual([200, { id: letter.id, state: "retrying" }]);
    await eventually("the goods have left the stock", async () => (await onHand()) === before - 1);
    await eventually(
      "nothing is parked",
      async () => (await platform.owner.query("select from inventory.parked_streams")).rowCount === 0,
    );
    expect(await letters()).toEqual([]);
    const again = await operator.post(`/api/v1/admin/dead-letters/${letter.id}/redrive`, {}, "redrive-once");
    expect([again.status, again.text, again.headers["idempotency-replayed"]]).toEqual([200, redriven.text, "true"]);
    expectProblem(await operator.post(`/api/v1/admin/dead-letters/${letter.id}/redrive`), 404, "NOT_FOUND");
  });

  test("one that is redriven in vain is a dead letter again", async () => {
    const { letter } = await spoiled();
    expect((await operator.post(`/api/v1/admin/dead-letters/${letter.id}/redrive`)).status).toBe(200);
    await eventually("it is back", async () => {
      await outOfPatience();
      return (await letters()).some(({ id }: { id: string }) => id === letter.id);
    });
  });

  test("one that is discarded has no effect, and the stream goes on", async () => {
    const before = await onHand();
    const { letter } = await spoiled();
    const discarded = await operator.post(`/api/v1/admin/dead-letters/${letter.id}/discard`);
    expect([discarded.status, discarded.body]).toEqual([200, { id: letter.id, state: "discarded" }]);
    expect([await letters(), await onHand()]).toEqual([[], before]);
    for (const path of ["", "/redrive", "/discard"]) {
      expectProblem(
        await operator.send(path ? "POST" : "GET", `/api/v1/admin/dead-letters/${letter.id}${path}`),
        404,
        "NOT_FOUND",
      );
    }
  });

  test("they belong to their tenant, and are paged, newest first", async () => {
    const acme = await platform.client("acme-operator");
    const own: string[] = [];
    for (let n = 0; n < 5; n++) own.unshift(await deadLetter(platform));
    const others = await deadLetter(platform, "acme");
    const paged: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await operator.get(`/api/v1/admin/dead-letters?limit=2${cursor && `&cursor=${cursor}`}`);
      paged.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
    }
    expect(paged).toEqual(own);
    expect((await letters(acme)).map(({ id }: { id: string }) => id)).toEqual([others]);
    for (const path of ["", "/redrive", "/discard"]) {
      expectProblem(
        await acme.send(path ? "POST" : "GET", `/api/v1/admin/dead-letters/${own[0]}${path}`),
        404,
        "NOT_FOUND",
      );
    }
    expect(await letters()).toHaveLength(5);
  });
});
