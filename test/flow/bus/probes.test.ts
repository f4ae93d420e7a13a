import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DOMAINS } from "../../../platform/config.ts";
import { createNode } from "../../../scripts/node.ts";
import { type NodeReadiness, startProbes } from "../../../scripts/probes.ts";
import { BusCluster } from "../../support/bus-cluster.ts";
import { eventually } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(60_000);

describeWithServers("what an orchestrator is told of a node", () => {
  let cluster: BusCluster;
  let servers: Server[];
  const probed = async (name: string): Promise<string> => {
    const server = await startProbes(cluster.node(name), 0);
    servers.push(server);
    return urlOf(server);
  };
  beforeEach(async () => {
    servers = [];
    cluster = await BusCluster.start({ nodes: ["notifications-1", "edge-1"] });
  });
  afterEach(async () => {
    for (const server of servers) server.close();
    await cluster.stop();
  });

  test("it runs, and is not ready before it has started and once it stops", async () => {
    const broker = await createNode(cluster.config("catalog-1"));
    const server = await startProbes(broker, 0);
    servers.push(server);
    const url = urlOf(server);
    expect(await live(url)).toBe(200);
    expect(await ready(url)).toEqual([503, expect.objectContaining({ status: "down", started: false })]);
    await broker.start();
    expect(await ready(url)).toEqual([200, { status: "up", started: true, bus: "up", databases: { catalog: "up" } }]);
    const stopped = broker.stop();
    expect(await ready(url)).toEqual([503, expect.objectContaining({ status: "down", started: false })]);
    expect(await live(url)).toBe(200);
    await stopped;
  });

  test("without the bus it runs and is not ready, but for a node that takes orders without", async () => {
    const [domain, edge] = [await probed("notifications-1"), await probed("edge-1")];
    await cluster.without("nats", async () => {
      await eventually("the loss is noticed", async () => (await ready(domain))[0] === 503);
      expect(await ready(domain)).toEqual([503, expect.objectContaining({ started: true, bus: "down" })]);
      await eventually("the loss is noticed", async () => (await ready(edge))[1].bus === "down");
      expect(await ready(edge)).toEqual([200, expect.objectContaining({ status: "up", bus: "down" })]);
      expect(await live(domain)).toBe(200);
    });
    await eventually("it is back", async () => (await ready(domain))[0] === 200);
  });

  test("without its database it runs and is not ready; another domain's is none of its business", async () => {
    const [domain, edge] = [await probed("notifications-1"), await probed("edge-1")];
    const { owner, db } = cluster;
    const others = DOMAINS.filter((name) => name !== "notifications").map((name) => `waybill_${name}`);
    await owner.query(
      `revoke connect on database ${db.name} from public; grant connect on database ${db.name} to ${others.join(", ")}`,
    );
    await owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
         where usename = 'waybill_notifications' and datname = current_database()`,
    );
    expect(await ready(domain)).toEqual([503, expect.objectContaining({ databases: { notifications: "down" } })]);
    expect(await live(domain)).toBe(200);
    expect((await ready(edge))[0]).toBe(200);
    await owner.query(`grant connect on database ${db.name} to public`);
    await eventually("it is back", async () => (await ready(domain))[0] === 200);
  });

  test("it answers nothing else", async () => {
    const url = await probed("notifications-1");
    const answers = [await fetch(`${url}/`), await fetch(`${url}/health/live`, { method: "POST" })];
    expect(answers.map(({ status }) => status)).toEqual([404, 405]);
  });
});

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function live(url: string): Promise<number> {
  return (await fetch(`${url}/health/live`)).status;
}

async function ready(url: string): Promise<[number, NodeReadiness]> {
  const response = await fetch(`${url}/health/ready`);
  return [response.status, (await response.json()) as NodeReadiness];
}
