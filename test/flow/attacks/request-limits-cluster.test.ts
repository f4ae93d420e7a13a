import { redisOf } from "../../../platform/redis.ts";
import { BusCluster } from "../../support/bus-cluster.ts";
import { Client } from "../../support/client.ts";
import { eventually } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(90_000);

const GATEWAYS = ["api-1", "api-2"] as const;
const MOST = 40;

describeWithServers("more requests than a limit lets through, at two gateways of a cluster", () => {
  let cluster: BusCluster;
  let shop: Client;
  let operator: Client;
  let acme: Client;
  beforeAll(async () => {
    cluster = await BusCluster.start({
      nodes: ["auth-1", "orders-1", ...GATEWAYS],
      env: { ADDRESS_REQUESTS_PER_MINUTE: String(MOST) },
    });
    await isUp(true);
    [shop, operator, acme] = [
      await cluster.client("demo-shop"),
      await cluster.client("demo-operator"),
      await cluster.client("acme-operator"),
    ];
    // Known to both gateways, they are not counted by their address any more.
    for (const client of [shop, operator, acme]) expect(await letThrough(1, as(client))).toBe(2);
  });
  afterAll(() => cluster.stop());

  const set = async (client: string, limits: object) => {
    await cluster.owner.query("update auth.clients set limits = $2 where id = $1", [client, limits]);
    await cluster.node("auth-1").broadcast("auth.rules_changed", {});
  };
  const isUp = (up: boolean) =>
    eventually(`Redis is ${up ? "there" : "away"}`, () =>
      cluster.nodes.every((name) => redisOf(cluster.node(name))?.isUp === up),
    );
  /** Asks so often at both gateways at once, and answers how often it was let through. */
  const letThrough = async (times: number, ask: (url: string) => Promise<{ status: number }>) => {
    const urls = GATEWAYS.map((name) => cluster.urlOf(name));
    const answers = await Promise.all(urls.flatMap((url) => Array.from({ length: times }, () => ask(url))));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => ![200, 401, 429].includes(status))).toEqual([]);
    return statuses.filter((status) => status !== 429).length;
  };
  const nobody = (url: string) => new Client(url, "garbage").get("/api/v1/orders");
  const as = (client: Client) => (url: string) => new Client(url, client.token).get("/api/v1/orders?limit=1");
  /** The limit that a client is told of at each gateway. */
  const told = (client: Client, limit: number) =>
    eventually("both gateways go by the record", async () => {
      const answers = await Promise.all(GATEWAYS.map((name) => as(client)(cluster.urlOf(name))));
      return answers.every(({ headers }) => headers["ratelimit-limit"] === String(limit));
    });

  // Safeguard: services/api/limits/shared-windows.ts.
  test("are refused by both together, as if they were one", async () => {
    // Three have got their tokens.
    expect(await letThrough(MOST, nobody)).toBe(MOST - 3);
    expect(await letThrough(1, as(shop))).toBe(2);
  });

  test("cost a busy client's request no question to Redis", async () => {
    const redis = redisOf(cluster.node("api-1"));
    const asked = jest.spyOn(redis as NonNullable<typeof redis>, "ask");
    expect(await letThrough(100, as(shop))).toBe(200);
    expect(asked.mock.calls.length).toBeLessThan(5);
  });

  // Safeguard: `alone` in services/api/limits/rate-limit.ts.
  test("are refused by each by itself while Redis is away, and by both together when it is back", async () => {
    await cluster.without("redis", async () => {
      await isUp(false);
      await set("demo-operator", { requests: 20 });
      await told(operator, 20);
      const more = await letThrough(40, as(operator));
      // Those that have waited for the record were counted as well.
      expect([more <= 40, more >= 20]).toEqual([true, true]);
      expect(await letThrough(5, as(operator))).toBe(0);
    });
    await isUp(true);
    await set("acme-operator", { requests: 30 });
    await told(acme, 30);
    // Some it has asked for before, and while the record was waited for.
    const more = await letThrough(60, as(acme));
    expect([more > 0, more < 30]).toEqual([true, true]);
  });
});
