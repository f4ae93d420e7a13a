import { newId } from "../../../platform/ids.ts";
import { BusCluster, type NodeName } from "../../support/bus-cluster.ts";
import { orderBody } from "../../support/client.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(120_000);

const NODES = ["auth-1", "catalog-1", "inventory-1", "payments-1", "orders-1", "orders-2", "api-1"];

describeWithServers("orders placed by two nodes", () => {
  let cluster: BusCluster;
  let token: string | undefined;
  beforeAll(async () => {
    cluster = await BusCluster.start({ nodes: NODES });
    ({ token } = await cluster.client("demo-shop"));
  });
  afterAll(() => cluster.stop());

  /** Places an order at a node, as the gateway does, under a key of the client's. */
  const placeAt = (node: NodeName, key: string) =>
    cluster.node("api-1").call<{ id: string }, object>("orders.place", orderBody(), {
      nodeID: cluster.node(node).nodeID,
      meta: {
        token,
        idempotency: { key, route: "POST /orders", fingerprint: "the same", action: "orders.place" },
      },
    });
  const count = async (sql: string, values: unknown[] = []) =>
    Number((await cluster.owner.query(`select count(*) from ${sql}`, values)).rows[0].count);

  test("under one key are one order, however many ask for it at the same time", async () => {
    const before = await count("orders.orders");
    const key = newId();
    const placed = await Promise.all(
      Array.from({ length: 50 }, (_, n) => placeAt(n % 2 ? "orders-1" : "orders-2", key)),
    );
    expect(new Set(placed.map(({ id }) => id)).size).toBe(1);
    expect(await count("orders.orders")).toBe(before + 1);
  });

  test("under the same keys in another order do not wait for each other in a circle", async () => {
    const deadlocks = async () =>
      Number(
        (await cluster.owner.query("select deadlocks from pg_stat_database where datname = current_database()")).rows[0]
          .deadlocks,
      );
    const before = { deadlocks: await deadlocks(), orders: await count("orders.orders") };
    const rounds = 30;
    for (let round = 0; round < rounds; round++) {
      const keys = Array.from({ length: 40 }, (_, n) => `round-${round}-${n}`);
      const [one, other] = await Promise.all([
        Promise.all(keys.map((key) => placeAt("orders-1", key))),
        Promise.all(keys.toReversed().map((key) => placeAt("orders-2", key))),
      ]);
      expect(other.map(({ id }) => id).toReversed()).toEqual(one.map(({ id }) => id));
    }
    expect(await count("orders.orders")).toBe(before.orders + rounds * 40);
    expect(await deadlocks()).toBe(before.deadlocks);
  });
});
