import { DOMAINS } from "../../../platform/config.ts";
import { BusCluster, TWO_EACH } from "../../support/bus-cluster.ts";
import { type Client, orderBody } from "../../support/client.ts";
import { type Accepted, onHand } from "../../support/oracle.ts";
import { expectSound } from "../../support/sound.ts";
import { eventually } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(240_000);

describeWithServers("a rolling restart of all domains under load", () => {
  let cluster: BusCluster;
  beforeAll(async () => {
    cluster = await BusCluster.start({ nodes: TWO_EACH });
  });
  afterAll(() => cluster.stop());

  test("fails no request, and every order comes to its end", async () => {
    const { owner } = cluster;
    const initial = await onHand(owner);
    const operator = await cluster.client("demo-operator");
    const accepted: Accepted[] = [];
    const failed: string[] = [];
    let going = true;
    const note = ({ status, text }: { status: number; text: string }, what: string) => {
      if (status >= 300) failed.push(`${what}: ${status} ${text.slice(0, 200)}`);
    };
    const work = async (worker: number) => {
      for (let n = 0; going; n++) {
        const key = `rolling-${worker}-${n}`;
        const placed = await operator.post("/api/v1/orders", orderBody(), key);
        note(placed, "place");
        if (placed.status === 201) accepted.push({ id: placed.body.id, number: placed.body.number, key });
        for (const path of reads(placed.body.id)) note(await operator.get(path), path);
        note(await asks(operator), "check-availability");
      }
    };
    const workers = Array.from({ length: 4 }, (_, worker) => work(worker));
    for (const domain of DOMAINS) {
      for (const name of [`${domain}-1`, `${domain}-2`]) {
        const { length } = accepted;
        await cluster.stopNodes(name);
        await eventually("orders are placed meanwhile", () => accepted.length > length || failed.length > 0);
        await cluster.startNodes(name);
      }
    }
    going = false;
    await Promise.all(workers);
    expect(failed).toEqual([]);
    expect(accepted.length).toBeGreaterThan(28);
    await eventually(
      "all orders are delivered",
      async () =>
        (await owner.query("select from orders.orders where status not in ('DELIVERED', 'CANCELLED')")).rowCount === 0,
      60_000,
    );
    await expectSound(owner, accepted, initial);
  });
});

const reads = (id: string) => [
  `/api/v1/orders/${id}`,
  `/api/v1/orders/${id}/payments`,
  "/api/v1/products?limit=3",
  "/api/v1/shipments?limit=1",
  "/api/v1/inventory/SKU-COFFEE-1KG",
];

function asks(client: Client) {
  return client.post("/api/v1/check-availability", { items: [{ sku: "SKU-COFFEE-1KG", quantity: 1 }] });
}
