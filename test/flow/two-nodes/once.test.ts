import { newId } from "../../../platform/ids.ts";
import type { Medium } from "../../../services/notifications/media/medium.ts";
import type { NotificationsService } from "../../../services/notifications/shared/notifications-service.ts";
import { BusCluster, TWO_EACH } from "../../support/bus-cluster.ts";
import { type Client, orderBody } from "../../support/client.ts";
import { onHand } from "../../support/oracle.ts";
import { expectSound } from "../../support/sound.ts";
import { eventually, pause } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(120_000);

const SKU = "SKU-COFFEE-1KG";

describeWithServers("what two nodes of every domain find to do at the same time is done once", () => {
  let cluster: BusCluster;
  let shop: Client;
  let operator: Client;
  let initial: Map<string, number>;
  /** The messages that were handed over, by whichever node. */
  const handedOver: string[] = [];
  beforeAll(async () => {
    cluster = await BusCluster.start({ nodes: TWO_EACH, env: { ORDER_DEADLINE_MS: "12000" } });
    initial = await onHand(cluster.owner);
    for (const node of ["notifications-1", "notifications-2"]) {
      const { lanes } = cluster.node(node).getLocalService("notifications") as unknown as NotificationsService;
      const medium = lanes.get("email")?.medium as Medium;
      const send = medium.send.bind(medium);
      medium.send = (messages) => {
        handedOver.push(...messages.map(({ id }) => id));
        return send(messages);
      };
    }
    shop = await cluster.client("demo-shop");
    operator = await cluster.client("demo-operator");
  });
  afterAll(() => cluster.stop());

  const rows = async (sql: string) => (await cluster.owner.query(sql)).rows;
  const place = async (paymentToken = "pm_card_visa") => {
    const answer = await shop.post(
      "/api/v1/orders",
      orderBody({ paymentToken, customer: { email: "ada@example.com" } }),
      newId(),
    );
    expect(answer.status).toBe(201);
    return answer.body.id as string;
  };
  const areOver = () =>
    eventually(
      "all orders are at their end",
      async () => {
        const open = await rows(`select from orders.orders o where status not in ('DELIVERED', 'CANCELLED')
          or (status = 'DELIVERED' and state -> 'payment' ->> 'status' <> 'CAPTURED')
          or exists (select from orders.processes p where p.order_id = o.id)`);
        return open.length === 0;
      },
      60_000,
    );

  test("the carrier's reports, and every message to a customer", async () => {
    await Promise.all(Array.from({ length: 60 }, (_, n) => place(n % 6 ? undefined : "pm_card_chargeDeclined")));
    await areOver();
    const trails = await rows(
      "select array_agg(status order by position) as trail from delivery.shipment_trail group by shipment_id",
    );
    expect(new Set(trails.map(({ trail }) => String(trail)))).toEqual(new Set(["PROCESSING,SHIPPED,DELIVERED"]));
    const told = `select count(*)::int as count from orders.event_log
      where type in ('orders.placed.v1', 'orders.confirmed.v1', 'orders.shipped.v1', 'orders.delivered.v1', 'orders.cancelled.v1')`;
    const [{ count }] = await rows(told);
    expect(count).toBe(50 * 4 + 10 * 2);
    await eventually("all are sent", async () => {
      const sent = await rows("select from notifications.messages where state = 'SENT'");
      return sent.length === count;
    });
    await pause(300);
    expect(await rows("select event_id from notifications.messages group by event_id having count(*) > 1")).toEqual([]);
    expect(handedOver.length).toBe(count);
    expect(new Set(handedOver).size).toBe(count);
    await expectSound(cluster.owner, [], initial);
  });

  test("the end of reservations whose time is over", async () => {
    const references = Array.from({ length: 40 }, () => newId());
    const items = [{ sku: SKU, quantity: 1 }];
    const before = (await operator.get(`/api/v1/inventory/${SKU}`)).body;
    const answers = await Promise.all(
      references.map((reference) => operator.post("/api/v1/inventory/reserve", { reference, items, ttlSeconds: 1 })),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    await eventually("all are released", async () => {
      const { body } = await operator.get(`/api/v1/inventory/${SKU}`);
      return body.reserved === before.reserved;
    });
    await pause(300);
    const trail = await rows(
      "select reference, count(*)::int as count from inventory.stock_transactions where reason = 'expired' group by reference",
    );
    expect(new Map(trail.map((row) => [row.reference, row.count]))).toEqual(new Map(references.map((one) => [one, 1])));
    expect((await operator.get(`/api/v1/inventory/${SKU}`)).body).toMatchObject({
      onHand: before.onHand,
      reserved: before.reserved,
    });
  });

  test("giving up orders that were not confirmed in time", async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => place("pm_card_authenticationRequired")));
    await areOver();
    for (const id of ids) {
      const { body } = await shop.get(`/api/v1/orders/${id}`);
      expect([body.status, body.cancellation.code, body.payment.status]).toEqual(["CANCELLED", "TIMED_OUT", "VOIDED"]);
    }
    const decided = await rows(
      `select stream, count(*)::int as count from orders.event_log
       where type in ('orders.cancellation_decided.v1', 'orders.cancelled.v1') and stream = any('{${ids.join(",")}}') group by stream`,
    );
    expect(decided.map(({ count }) => count)).toEqual(ids.map(() => 2));
    await expectSound(cluster.owner, [], initial);
  });
});
