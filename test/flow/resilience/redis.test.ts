import { redisOf } from "../../../platform/redis.ts";
import { BusCluster } from "../../support/bus-cluster.ts";
import { Client } from "../../support/client.ts";
import { eventually } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(90_000);

const SKU = "SKU-COFFEE-1KG";

describeWithServers("what nodes share in Redis", () => {
  let cluster: BusCluster;
  let operator: Client;
  let acme: Client;
  beforeAll(async () => {
    cluster = await BusCluster.start({ nodes: ["auth-1", "auth-2", "catalog-1", "catalog-2", "api-1"] });
    operator = await cluster.client("demo-operator");
    acme = await cluster.client("acme-operator");
  });
  afterAll(() => cluster.stop());

  const isUp = (up: boolean) =>
    eventually(`Redis is ${up ? "there" : "away"}`, () =>
      cluster.nodes.every((name) => redisOf(cluster.node(name))?.isUp === up),
    );
  beforeEach(() => isUp(true));

  const product = async (client = operator) => {
    const { body } = await client.get(`/api/v1/products?q=${SKU}`);
    return body.items[0] as { id: string; name: string; version: number };
  };
  /** The names that are answered when it is asked a few times, so that all nodes are. */
  const names = async (id: string) => {
    const all = [];
    for (let n = 0; n < 4; n++) all.push((await operator.get(`/api/v1/products/${id}`)).body.name);
    return [...new Set(all)];
  };
  const rename = (id: string, name: string) => operator.put(`/api/v1/products/${id}`, { name });
  /** Past the platform, which does not hear of it. */
  const renameBehind = (id: string, name: string) =>
    cluster.owner.query("update catalog.products set name = $2 where id = $1", [id, name]);

  describe("products", () => {
    test("are answered from it by all nodes, until one is changed, and then by none", async () => {
      const { id } = await product();
      await rename(id, "Before");
      expect(await names(id)).toEqual(["Before"]);
      await renameBehind(id, "Behind");
      expect(await names(id)).toEqual(["Before"]);
      await rename(id, "After");
      expect(await names(id)).toEqual(["After"]);
      expect((await product()).name).toBe("After");
    });

    test("are those of the tenant that asks, in the same words", async () => {
      const [ours, theirs] = [
        await operator.get("/api/v1/products?limit=5"),
        await acme.get("/api/v1/products?limit=5"),
      ];
      const ids = (answer: typeof ours) => answer.body.items.map((item: { id: string }) => item.id) as string[];
      expect(ids(ours).filter((id) => ids(theirs).includes(id))).toEqual([]);
      const [id] = ids(ours) as [string];
      expect((await operator.get(`/api/v1/products/${id}`)).status).toBe(200);
      for (let n = 0; n < 4; n++) expect((await acme.get(`/api/v1/products/${id}`)).status).toBe(404);
    });

    test("are read as they are while Redis is flushed, stopped, or does not answer, and from it again afterwards", async () => {
      const { id } = await product();
      await rename(id, "First");
      expect(await names(id)).toEqual(["First"]);
      await renameBehind(id, "Flushed");
      await cluster.forgetCache();
      expect(await names(id)).toEqual(["Flushed"]);

      await cluster.without("redis", async () => {
        await isUp(false);
        await renameBehind(id, "Stopped");
        expect(await names(id)).toEqual(["Stopped"]);
        expect((await rename(id, "Changed without")).status).toBe(200);
        expect(await names(id)).toEqual(["Changed without"]);
      });
      await isUp(true);

      const warned = jest.spyOn(cluster.node("catalog-1").getLogger("redis"), "warn");
      expect(await names(id)).toEqual(["Changed without"]);
      cluster.redis.child.kill("SIGSTOP");
      try {
        await renameBehind(id, "Asleep");
        await eventually("it is done without", async () => (await names(id)).includes("Asleep"));
        expect(warned.mock.calls.length).toBeLessThanOrEqual(1);
      } finally {
        cluster.redis.child.kill("SIGCONT");
      }
      await isUp(true);
      await rename(id, "Again");
      await names(id);
      await renameBehind(id, "Behind again");
      expect(await names(id)).toEqual(["Again"]);
    });
  });

  describe("wrong secrets", () => {
    const guess = async (clientId: string) => {
      const raw = new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: "wrong",
      }).toString();
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      return (await new Client(cluster.url).send("POST", "/api/v1/auth/token", { raw, headers })).status;
    };
    const guesses = async (clientId: string, times: number) => {
      const all: number[] = [];
      for (let n = 0; n < times; n++) all.push(await guess(clientId));
      return all.filter((status) => status === 401).length;
    };

    test("are twenty a minute on all nodes together, one by one or at once, whatever node is started anew", async () => {
      expect(await guesses("nobody", 15)).toBe(15);
      await cluster.stopNodes("auth-2");
      await cluster.startNodes("auth-2");
      expect(await guesses("nobody", 15)).toBe(5);
      const atOnce = await Promise.all(Array.from({ length: 60 }, () => guess("nobody-else")));
      expect(atOnce.filter((status) => status === 401)).toHaveLength(20);
      expect(atOnce.filter((status) => status === 429)).toHaveLength(40);
    });

    test("are twenty a minute on each node while Redis is away", async () => {
      await cluster.without("redis", async () => {
        await isUp(false);
        const looked = await guesses("anybody", 60);
        expect(looked).toBe(40);
      });
    });
  });
});
