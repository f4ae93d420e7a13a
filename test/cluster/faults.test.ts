import { SERVICES } from "../../platform/config.ts";
import type { Client } from "../support/client.ts";
import { type Fault, faultsOf } from "../support/cluster-faults.ts";
import { type ClusterLoad, startLoad } from "../support/cluster-load.ts";
import { ClusterProcess } from "../support/cluster-process.ts";
import { type Accepted, contradictions, onHand } from "../support/oracle.ts";
import { seeded } from "../support/random.ts";
import { isAtRest } from "../support/rest.ts";
import { eventually, pause } from "../support/waiting.ts";
import { describeWithServers } from "../support/with-servers.ts";

/** Other moments: `CLUSTER_SEED=7`; how often everything happens at once: `CLUSTER_ROUNDS=10 npm run test:cluster`. */
const SEED = Number(process.env.CLUSTER_SEED ?? 20261121);
const ROUNDS = Number(process.env.CLUSTER_ROUNDS ?? 1);
const SETTLE_MS = 120_000;

jest.setTimeout(600_000 + ROUNDS * 900_000);

describeWithServers(`a cluster of processes (seed ${SEED})`, () => {
  const random = seeded(SEED);
  let cluster: ClusterProcess;
  let faults: ReturnType<typeof faultsOf>;
  let initial: Map<string, number>;
  let clients: Client[];
  /** All that was ever accepted: an order of an earlier test must still be there after a later one's fault. */
  const journal: Accepted[] = [];

  beforeAll(async () => {
    cluster = await ClusterProcess.make({ CARRIER_PICKUP_MS: "20", CARRIER_DELIVERY_MS: "20" });
    await cluster.start();
    faults = faultsOf(cluster, random);
    clients = [await cluster.client("demo-shop", 0), await cluster.client("demo-shop", 1)];
    const owner = await cluster.owner();
    initial = await onHand(owner);
    await owner.end();
  });
  afterAll(async () => {
    await cluster.remove();
  });

  /** Places orders while something happens, and for a little longer; then all must be at their end, and right. */
  async function under(
    name: string,
    happen: Fault,
    { shops = 6, pauseMs = 100, atLeast = 30 } = {},
  ): Promise<ClusterLoad> {
    const load = startLoad(clients, { shops, pauseMs, keyPrefix: name });
    try {
      await pause(500);
      await happen();
      const patience = 180_000;
      await eventually(`${atLeast} orders are accepted`, () => load.accepted.length >= atLeast, patience);
    } finally {
      await load.stop();
      journal.push(...load.accepted);
    }
    expect(load.surprises).toEqual([]);
    await settled();
    return load;
  }

  async function settled(): Promise<void> {
    const owner = await cluster.owner();
    try {
      await eventually("every order is at its end, and nothing waits", () => isAtRest(owner), SETTLE_MS).catch(
        () => {},
      );
      const { rows } = await owner.query("select status, count(*)::int from orders.orders group by 1 order by 1");
      const found = await contradictions(owner, journal, initial);
      expect({ rows: found.length > 0 ? rows : [], found }).toEqual({ rows: [], found: [] });
      for (const domain of ["orders", "inventory", "delivery", "notifications"]) {
        const parked = await owner.query(`select subscription, state, error from ${domain}.parked_streams`);
        expect([domain, parked.rows]).toEqual([domain, []]);
      }
    } finally {
      await owner.end();
    }
  }

  test("two nodes of each domain and two gateways share the work", async () => {
    const load = await under("shared", async () => {}, { atLeast: 60 });
    expect(load.refused).toEqual([]);
    const answers = await Promise.all(clients.map((client) => client.get(`/api/v1/orders/${load.accepted[0]?.id}`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[0]?.text).toBe(answers[1]?.text);
  });

  test("a node of each kind is killed", async () => {
    await under("killed", async () => {
      for (const service of SERVICES) {
        await faults.killNode(service);
        await pause(random() * 500);
      }
    });
  });

  test("NATS loses its storage", async () => {
    await under("storage", async () => {
      await faults.loseNatsStorage();
    });
  });

  test("Redis is emptied, and killed", async () => {
    await under("redis", async () => {
      await faults.flushRedis();
      await pause(500);
      await faults.killRedis();
    });
  });

  test("PostgreSQL crashes", async () => {
    await under("postgres", faults.crashPostgres);
  });

  test("the node whose relay leads stands still for 30 seconds, and wakes up", async () => {
    await under("leader", () => faults.freezeLeader("orders", 30_000));
  });

  test("every node is restarted in turn, and nobody notices who asks again", async () => {
    await under("rolling", faults.rollingRestart);
  });

  test(`1,000 orders while all of it happens, ${ROUNDS} time(s)`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const happenings: [name: string, fault: Fault][] = [
        ...SERVICES.map((service): [string, Fault] => [`kill ${service}`, () => faults.killNode(service)]),
        ...Array.from({ length: 20 }, (): [string, Fault] => ["kill nats", faults.killNats]),
        ["nats loses its storage", faults.loseNatsStorage],
        ["flush redis", faults.flushRedis],
        ["kill redis", faults.killRedis],
        ["crash postgres", faults.crashPostgres],
        ["freeze a node", () => faults.freezeNode("inventory", 8_000)],
        ["freeze a gateway", () => faults.freezeNode("api", 3_000)],
      ];
      for (let i = happenings.length - 1; i > 0; i--) {
        const j = Math.floor(random() * (i + 1));
        [happenings[i], happenings[j]] = [happenings[j] as [string, Fault], happenings[i] as [string, Fault]];
      }
      const happened: string[] = [];
      const everything = async () => {
        const frozen = faults.freezeLeader("orders", 30_000);
        for (const [name, fault] of happenings) {
          happened.push(name);
          await fault();
          await pause(random() * 1_500);
        }
        await frozen;
        await faults.rollingRestart();
      };
      await under(`all-${round}`, everything, { shops: 16, atLeast: 1_000 }).catch((error: Error) => {
        throw new Error(`${error.message}\nIt happened, in this order: ${happened.join(", ")}`, { cause: error });
      });
    }
  });
});
