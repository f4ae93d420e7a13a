import type { AnySequencedEvent } from "../../../platform/event-log.ts";
import { newId } from "../../../platform/ids.ts";
import type { DomainService } from "../../../platform/service.ts";
import { BusCluster } from "../../support/bus-cluster.ts";
import { type Client, orderBody } from "../../support/client.ts";
import { eventually } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(120_000);

/** A little more than NATS takes in one message. */
const TOO_MUCH = 9 * 1_024 * 1_024;

describeWithServers("what is more than one message of the bus", () => {
  let cluster: BusCluster;
  let operator: Client;
  beforeAll(async () => {
    cluster = await BusCluster.start({ env: { CARRIER: "manual", REQUEST_TIMEOUT_MS: "5000" } });
    operator = await cluster.client("demo-operator");
  });
  afterAll(() => cluster.stop());

  /** The ids of a list, page by page. */
  async function idsOf(path: string): Promise<string[][]> {
    const pages: string[][] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const answer = await operator.get(`${path}${cursor && `&cursor=${cursor}`}`);
      expect([answer.status, answer.body.items.length]).toEqual([200, expect.any(Number)]);
      pages.push(answer.body.items.map(({ id }: { id: string }) => id));
      cursor = answer.body.nextCursor;
    }
    return pages;
  }

  test("comes as several pages of a list of orders", async () => {
    const metadata = { note: "x".repeat(240_000) };
    const count = Math.ceil(TOO_MUCH / 240_000);
    const placed: string[] = [];
    for (let n = 0; n < count; n++)
      placed.push((await operator.post("/api/v1/orders", orderBody({ metadata }), newId())).body.id);
    const pages = await idsOf("/api/v1/orders?limit=100");
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat()).toEqual(placed.toReversed());
  });

  test("comes as several pages of a list of products", async () => {
    const attributes = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`a${n}`, "ü".repeat(1_000)]));
    const count = Math.ceil(TOO_MUCH / 200_000);
    const made: string[] = [];
    for (let n = 0; n < count; n++) {
      const body = {
        sku: `LARGE-${n}`,
        name: `Large ${n}`,
        category: "large",
        price: { amount: 1, currency: "EUR" },
        attributes,
      };
      made.push((await operator.post("/api/v1/products", body)).body.id);
    }
    for (const sort of ["newest", "name", "price"]) {
      const pages = await idsOf(`/api/v1/products?category=large&limit=100&sort=${sort}`);
      expect(pages.length).toBeGreaterThan(1);
      expect(pages.flat().toSorted()).toEqual(made.toSorted());
    }
  });

  test("is refused at once where it is no list, and whoever asked is not kept waiting", async () => {
    const { log } = cluster.node("orders-1").getLocalService("orders") as unknown as DomainService;
    jest.spyOn(log, "head").mockResolvedValue("x".repeat(TOO_MUCH) as never);
    await expect(
      cluster.node("api-1").call("orders.log.head", undefined, { timeout: 5_000 } as never),
    ).rejects.toMatchObject({
      type: "ANSWER_TOO_LARGE",
      code: 500,
    });
  });

  test("is read of another node's log in parts", async () => {
    const items: object[] = [];
    for (let n = 0; n < 100; n++) {
      const sku = `LONG-${n}`;
      const name = `${n} ${"ü".repeat(150)}`;
      await operator.post("/api/v1/products", { sku, name, category: "long", price: { amount: 1, currency: "EUR" } });
      await operator.put(`/api/v1/inventory/${sku}`, { onHand: 10_000 });
      items.push({ sku, quantity: 1 });
    }
    // Nobody publishes or reads meanwhile.
    await cluster.stopNodes("delivery-1", "notifications-1");
    const before = await cluster.node("api-1").call<number>("orders.log.head");
    const orders = 200;
    for (let n = 0; n < orders; n += 20) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => operator.post("/api/v1/orders", orderBody({ items }), newId())),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    }
    await eventually("they are confirmed", async () => {
      const { rows } = await cluster.owner.query(
        "select count(*)::int as count from orders.orders where status = 'PENDING_SHIPMENT' and created_at > now() - interval '1 minute'",
      );
      return rows[0].count >= orders;
    });
    const head = await cluster.node("api-1").call<number>("orders.log.head");
    const sets: number[][] = [];
    for (let after = before; after < head; after = sets.at(-1)?.at(-1) as number) {
      const events = await cluster
        .node("api-1")
        .call<AnySequencedEvent[], object>("orders.log.read", { after, limit: 1_000 }, { timeout: 5_000 });
      sets.push(events.map(({ sequence }) => sequence));
    }
    expect(sets.length).toBeGreaterThan(1 + orders / 200);
    const read = sets.flat();
    expect(read).toEqual(read.map((_, i) => before + i + 1));
  });
});
