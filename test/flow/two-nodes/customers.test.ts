import { Redis } from "ioredis";
import { BusCluster } from "../../support/bus-cluster.ts";
import { Client } from "../../support/client.ts";
import { newCustomer } from "../../support/customers.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(90_000);

const NODES = ["auth-1", "auth-2", "api-1", "api-2"] as const;
const PROFILE = "/api/v1/users/profile";
const ADDRESSES = "/api/v1/users/addresses";
const HOME = { name: "CANARY King", line1: "12 Harbour St", city: "Hamburg", postalCode: "20095", country: "DE" };

describeWithServers("a customer of two nodes of auth", () => {
  let cluster: BusCluster;
  beforeAll(async () => {
    cluster = await BusCluster.start({ nodes: NODES });
  });
  afterAll(() => cluster.stop());

  test("sees on both what they have changed on one, at once, and nothing of it lies open in Redis", async () => {
    const ada = await newCustomer(cluster.urlOf("api-1"), "ada-of-two");
    const clients = ["api-1", "api-2"].map((gateway) => new Client(cluster.urlOf(gateway), ada.token));
    const read = async (path: string) => {
      // Each gateway spreads its calls over both nodes.
      const answers = await Promise.all([...clients, ...clients, ...clients].map((client) => client.get(path)));
      const texts = new Set(answers.map(({ text }) => text));
      expect([answers[0]?.status, texts.size]).toEqual([200, 1]);
      return answers[0]?.body;
    };
    for (let round = 1; round <= 10; round++) {
      const client = clients[round % 2] as Client;
      const { version } = await read(PROFILE);
      expect(version).toBe(round);
      expect((await client.put(PROFILE, { name: `CANARY ${round}`, version })).status).toBe(200);
      expect(await read(PROFILE)).toMatchObject({ name: `CANARY ${round}`, version: round + 1 });
      await client.post(ADDRESSES, HOME);
      expect((await read(ADDRESSES)).items).toHaveLength(round);
    }
    const redis = new Redis(cluster.redis.url);
    try {
      const keys = await redis.keys("waybill-cache:*auth.*");
      expect(keys.length).toBeGreaterThan(0);
      for (const value of await redis.mgetBuffer(keys))
        expect(value?.toString("latin1") ?? "").not.toMatch(/CANARY|Harbour|@example/);
    } finally {
      redis.disconnect();
    }
  });
});
