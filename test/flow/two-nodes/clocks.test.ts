import { newId } from "../../../platform/ids.ts";
import { SandboxProvider } from "../../../services/payments/providers/sandbox.ts";
import { BusCluster, type NodeName, ONE_EACH } from "../../support/bus-cluster.ts";
import { orderBody } from "../../support/client.ts";
import { eventually } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(90_000);

const SLOW_MS = 5_000;

describeWithServers("two nodes of which one's clock is slow by five seconds", () => {
  let cluster: BusCluster;
  beforeAll(async () => {
    cluster = await BusCluster.start({ nodes: [...ONE_EACH, "orders-2", "payments-2"] });
    for (const [node, service] of [
      ["orders-2", "orders"],
      ["payments-2", "payments"],
    ] as const) {
      const clock = { now: () => new Date(Date.now() - SLOW_MS).toISOString() };
      const slow = cluster.node(node).getLocalService(service) as unknown as { database: never };
      Object.assign(slow, { clock });
      if (service === "payments")
        Object.assign(slow, { provider: new SandboxProvider({ database: slow.database, clock }) });
    }
  });
  afterAll(() => cluster.stop());

  /** Asks a node of payments about one order, as the order process does. */
  const ask = async (node: NodeName, what: string, orderId: string, more: object = {}) => {
    const request = { tenant: "demo", orderId, operationId: `${orderId}:${what}`, ...more };
    const [answer] = await cluster.node("orders-1").call<{ status: string }[], object>(
      `payments.${what}`,
      { requests: [request] },
      {
        nodeID: cluster.node(node).nodeID,
        meta: { identity: { tenant: "*", client: "service:orders", scopes: [] } },
      },
    );
    return answer?.status;
  };
  const authorised = async (node: NodeName) => {
    const orderId = newId();
    const card = { amount: 100, currency: "EUR", token: "pm_card_visa" };
    expect(await ask(node, "authorise", orderId, card)).toBe("AUTHORISED");
    return orderId;
  };

  test("capture and void what the other one has authorised a moment ago", async () => {
    expect(await ask("payments-2", "capture", await authorised("payments-1"), { amount: 100 })).toBe("CAPTURED");
    expect(await ask("payments-2", "void", await authorised("payments-1"))).toBe("VOIDED");
    const never = newId();
    expect(await ask("payments-1", "void", never)).toBe("NONE");
  });

  test("let no order's time run backwards", async () => {
    const shop = await cluster.client("demo-shop");
    const placed = await Promise.all(
      Array.from(
        { length: 20 },
        async () => (await shop.post("/api/v1/orders", orderBody(), newId())).body.id as string,
      ),
    );
    for (const id of placed) {
      const order = await eventually("it is delivered", async () => {
        const { body } = await shop.get(`/api/v1/orders/${id}`);
        return body.status === "DELIVERED" && body.payment.status === "CAPTURED" && body;
      });
      const { items } = (await shop.get(`/api/v1/orders/${id}/history?limit=100`)).body;
      const times: string[] = items.map((entry: { at: string }) => entry.at);
      expect(times).toEqual(times.toSorted());
      expect([order.createdAt, order.updatedAt]).toEqual([times[0], times.at(-1)]);
      for (const at of times) {
        const then = await shop.get(`/api/v1/orders/${id}?at=${at}`);
        expect([then.status, then.body.version]).toEqual([200, times.lastIndexOf(at) + 1]);
      }
    }
  });
});
