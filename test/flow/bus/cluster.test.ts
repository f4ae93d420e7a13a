import type { ServiceBroker } from "moleculer";
import pg from "pg";
import { SERVICES } from "../../../platform/config.ts";
import { PARTITIONS } from "../../../platform/ids.ts";
import { gatewayUrl } from "../../../scripts/node.ts";
import { allRoutes } from "../../../services/api/routes.ts";
import { startNodes, type TestNodes } from "../../support/bus.ts";
import { Client, orderBody } from "../../support/client.ts";
import { onHand } from "../../support/oracle.ts";
import { expectSound } from "../../support/sound.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(120_000);

let nodes: TestNodes;
let owner: pg.Client;
let brokers: ServiceBroker[];
let initial: Map<string, number>;

/** Starts a node for each account, and answers a client of the gateway on the last of them that has one. */
async function given(accounts: Parameters<TestNodes["make"]>[0][]): Promise<string> {
  nodes = await startNodes();
  owner = new pg.Client({ connectionString: nodes.db.ownerUrl });
  await owner.connect();
  initial = await onHand(owner);
  brokers = await Promise.all(accounts.map((account, i) => nodes.make(account, `n${i}`)));
  await Promise.all(brokers.map((broker) => broker.start()));
  const services = SERVICES.filter((name) => name !== "api");
  await Promise.all(brokers.map((broker) => broker.waitForServices(services, 20_000)));
  return gatewayUrl(brokers.findLast((broker) => broker.getLocalService("api")) as ServiceBroker) as string;
}
afterEach(async () => {
  await owner.end();
  await nodes.stop();
});

/** Takes orders from the request to the door, and uses what else goes over the bus. */
async function sell(url: string): Promise<void> {
  const shop = await new Client(url).as("demo-shop");
  const operator = await new Client(url).as("demo-operator");
  const placed = await Promise.all(
    Array.from({ length: 10 }, (_, i) => shop.post("/api/v1/orders", orderBody(), `bus-${i}`)),
  );
  expect(placed.map(({ status }) => status)).toEqual(placed.map(() => 201));
  const declined = await shop.post("/api/v1/orders", orderBody({ paymentToken: "pm_card_declined" }), "bus-declined");
  const status = async (id: string) => (await shop.get(`/api/v1/orders/${id}`)).body.status;
  for (const { body } of placed) {
    await eventually("it is delivered", async () => (await status(body.id)) === "DELIVERED", 60_000);
  }
  await eventually("it is cancelled", async () => (await status(declined.body.id)) === "CANCELLED");
  const [{ id }] = placed.map(({ body }) => body) as [{ id: string }];
  for (const path of ["", "/history", "/payments"])
    expect((await shop.get(`/api/v1/orders/${id}${path}`)).status).toBe(200);
  for (const path of ["/api/v1/admin/dead-letters", "/api/v1/admin/processes", "/health", "/metrics"]) {
    expect([path, (await operator.get(path)).status]).toEqual([path, 200]);
  }
  const revoked = await new Client(url).as("demo-shop");
  const raw = new URLSearchParams({
    token: revoked.token as string,
    client_id: "demo-shop",
    client_secret: "demo-secret",
  }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect((await revoked.send("POST", "/api/v1/auth/revoke", { raw, headers })).status).toBe(200);
  await eventually(
    "the token is worth nothing",
    async () => (await revoked.get(`/api/v1/orders/${id}`)).status === 401,
  );
  await expectSound(owner, [], initial);
}

/** The full names of a service's actions that are not for the gateway. */
function internalActions({ name, schema }: ServiceBroker["services"][number]): string[] {
  const actions = Object.entries((schema.actions ?? {}) as Record<string, { visibility?: string }>);
  return actions.flatMap(([action, { visibility }]) => (visibility === "published" ? [] : `${name}.${action}`));
}

describe("a cluster in which every service has its own account", () => {
  test("takes orders to the door, and NATS has nothing to refuse", async () => {
    const url = await given([...SERVICES]);
    await sell(url);
    expect(nodes.violations()).toEqual([]);
    // Not by the logs alone, which stand in for a channel that is not there.
    const channel = await (await nodes.as("orders@orders", "orders")).jetstreamManager({ checkAPI: false });
    const { messages, consumer_count: consumers } = (await channel.streams.info("waybill_orders")).state;
    expect(messages).toBeGreaterThan(0);
    expect(consumers).toBe(4 * PARTITIONS);
    // It would be seen here.
    const connection = await nodes.as("catalog");
    connection.publish("MOL-waybill.REQ.payments.n1.catalog.payments.void", "x");
    await connection.flush();
    await eventually("NATS says so", () => nodes.violations().length === 1);
  });

  test("takes them with two nodes a service and an edge node as well", async () => {
    const url = await given([...SERVICES, ...SERVICES.filter((name) => name !== "api"), "edge"]);
    await sell(url);
    expect(nodes.violations()).toEqual([]);
  });

  test("shows no internal action to the gateway's callers, by any address that one may try", async () => {
    const url = await given([...SERVICES]);
    const operator = await new Client(url).as("demo-operator");
    const actions = brokers.flatMap((broker) => broker.services.flatMap(internalActions));
    expect(actions).toEqual(expect.arrayContaining(["payments.void", "orders.log.read", "inventory.health.check"]));
    for (const action of [...actions, "$node.options", "$node.list"]) {
      const [service, ...rest] = action.split(".") as [string, ...string[]];
      const paths = [action, `${service}/${rest.join(".")}`, `${service}/${rest.join("/")}`, `~${action.slice(1)}`];
      for (const path of paths) {
        for (const base of ["/", "/api/", "/api/v1/"]) {
          for (const method of ["GET", "POST"]) {
            // `POST /inventory/reserve` is another action's route, which is public.
            if (allRoutes.some((route) => route.method === method && route.path === base + path)) continue;
            const { status } = await operator.send(method, base + path, method === "POST" ? { body: {} } : {});
            expect([method, base + path, status]).toEqual([method, base + path, 404]);
          }
        }
      }
    }
  });
});
