import { BusCluster, TWO_EACH } from "../support/bus-cluster.ts";
import { startLoad } from "../support/cluster-load.ts";
import { contradictions, onHand } from "../support/oracle.ts";
import { isAtRest } from "../support/rest.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { eventually, pause } from "../support/waiting.ts";
import { describeWithServers } from "../support/with-servers.ts";

jest.setTimeout(240_000);

/** The domains of which one node is cut off, in turn. */
const CUT = ["orders", "payments", "inventory"] as const;

describeWithServers("a network that is cut between two alone, while both are well", () => {
  let cluster: BusCluster;
  let initial: Map<string, number>;
  const toNats = new Map<string, TcpProxy>();
  const toPostgres = new Map<string, TcpProxy>();

  /** The first node of each of these domains goes through proxies of its own; ports are known once servers run. */
  async function start(): Promise<void> {
    cluster = await BusCluster.start({
      nodes: [],
      env: { RELAY_LEASE_MS: "3000", REQUEST_TIMEOUT_MS: "5000" },
      ...routes,
    });
    const postgres = Number(new URL(cluster.db.ownerUrl).port);
    for (const domain of CUT) {
      toNats.set(`${domain}-1`, await TcpProxy.before(cluster.nats.port));
      toPostgres.set(`${domain}-1`, await TcpProxy.before(postgres));
    }
    initial = await onHand(cluster.owner);
    await cluster.startNodes(...TWO_EACH);
  }

  const routes = {
    natsPort: (port: number, node: string) => toNats.get(node)?.port ?? port,
    databases: (urls: Readonly<Record<string, string>>, node: string) => {
      const proxy = toPostgres.get(node);
      if (!proxy) return {};
      const domain = node.slice(0, -2);
      return { [domain]: TcpProxy.through(urls[domain] as string, proxy.port) };
    },
  };

  beforeAll(start);
  afterAll(async () => {
    const all = [...toNats.values(), ...toPostgres.values()];
    await Promise.all(all.map((proxy) => proxy.set("there")));
    await cluster.stop();
    await Promise.all(all.map((proxy) => proxy.stop()));
  });

  test.each([
    ["NATS", toNats],
    ["PostgreSQL", toPostgres],
  ])("one node after the other cut off from %s", async (from, proxies) => {
    const load = startLoad([await cluster.client("demo-shop")], { shops: 6, keyPrefix: `cut-${from}`, pauseMs: 50 });
    try {
      for (const domain of CUT) {
        const proxy = proxies.get(`${domain}-1`) as TcpProxy;
        await pause(1_000);
        await proxy.set("silent");
        const before = load.accepted.length;
        await pause(8_000);
        // The other node does the work meanwhile.
        await eventually("orders are accepted all the same", () => load.accepted.length > before + 5);
        await proxy.set("there");
      }
      await pause(1_000);
    } finally {
      await load.stop();
    }
    expect(load.surprises).toEqual([]);
    await eventually("every order is at its end", () => isAtRest(cluster.owner), 60_000).catch(() => {});
    expect(await contradictions(cluster.owner, load.accepted, initial)).toEqual([]);
  });
});
