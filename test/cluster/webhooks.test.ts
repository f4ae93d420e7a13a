import { ClusterProcess } from "../support/cluster-process.ts";
import { eventually } from "../support/waiting.ts";
import { OK, Receiver } from "../support/webhook-receiver.ts";
import { addWebhook, endedOrders, settled, versions, versionsOf } from "../support/webhooks.ts";
import { describeWithServers } from "../support/with-servers.ts";

jest.setTimeout(300_000);

describeWithServers("webhooks of a cluster of processes", () => {
  let cluster: ClusterProcess;
  let receiver: Receiver;
  beforeAll(async () => {
    cluster = await ClusterProcess.make({ WEBHOOKS_INSECURE_HOSTS: "127.0.0.1", WEBHOOKS_FIRST_RETRY_MS: "100" });
    await cluster.start();
    receiver = await Receiver.start();
  });
  afterAll(async () => {
    await cluster.remove();
    await receiver.close();
  });

  test("are sent by others when every node that has them in hand is killed, none lost and each order in sequence", async () => {
    const [shop, operator] = [await cluster.client("demo-shop"), await cluster.client("demo-operator")];
    const { id } = await addWebhook(operator, receiver);
    const held: string[] = [];
    let holding = true;
    receiver.answering = (res, received, req) => {
      if (holding) held.push(received.id);
      else OK(res, received, req);
    };
    const orders = await endedOrders(shop, 20);
    await eventually("calls are under way", () => held.length >= 8);
    const killed = cluster.pidsOf("webhooks");
    for (const pid of killed) cluster.kill(pid, "SIGKILL");
    holding = false;
    await eventually("other processes run", () => {
      const running = cluster.pidsOf("webhooks");
      return running.length === killed.length && !running.some((pid) => killed.includes(pid));
    });
    const isUp = async () => (await operator.get(`/api/v1/webhooks/${id}`)).status === 200;
    await eventually("they answer", isUp, 60_000);
    await eventually("all has come", () => receiver.taken.length >= orders.length * 8, 90_000);
    await settled(operator, id);
    for (const order of orders) expect(versionsOf(receiver, order.id)).toEqual(versions(order));
    // What was in hand came again under its id.
    expect(receiver.journal.length).toBeGreaterThan(receiver.taken.length);
    expect(new Set(receiver.journal.map((call) => call.id)).size).toBe(receiver.taken.length);
  });
});
