import { readFile, writeFile } from "node:fs/promises";
import { connect } from "nats";
import { DOMAINS, type DomainName } from "../../platform/config.ts";
import { BusCluster, ONE_EACH } from "../support/bus-cluster.ts";
import { type Answer, type Client, orderBody } from "../support/client.ts";
import { testServer } from "../support/databases.ts";
import { type Accepted, onHand } from "../support/oracle.ts";
import { expectProblem } from "../support/problem.ts";
import { expectSound } from "../support/sound.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { eventually, pause } from "../support/waiting.ts";
import { describeWithServers } from "../support/with-servers.ts";

jest.setTimeout(180_000);

/** So long that a request which waits for it fails its test. */
const NEVER_MS = "600000";

/** What is down, and what that does to whom: each line of the runbook's table "Degradation". */
describeWithServers("a cluster in which", () => {
  let cluster: BusCluster;
  let operator: Client;
  let initial: Map<string, number>;
  let accepted: Accepted[];

  const start = async (options: Parameters<typeof BusCluster.start>[0] = {}) => {
    cluster = await BusCluster.start(options);
    accepted = [];
    initial = await onHand(cluster.owner);
  };

  /** Places an order, which must be accepted. */
  const place = async (): Promise<string> => {
    const key = `degradation-${accepted.length}`;
    const { status, body, text } = await operator.post("/api/v1/orders", orderBody(), key);
    expect([status, status === 201 ? "" : text]).toEqual([201, ""]);
    accepted.push({ id: body.id, number: body.number, key });
    return body.id;
  };
  const statusOf = async (id: string) => (await operator.get(`/api/v1/orders/${id}`)).body.status as string;
  const expectAway = (answer: Answer) => {
    expectProblem(answer, 503, "UNAVAILABLE");
    expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
  };
  const domainsDown = async () => {
    const { status, body } = await operator.get("/health/ready");
    const down = Object.entries<{ status: string }>(body.dependencies).filter(([, one]) => one.status === "down");
    expect([status, body.status]).toEqual(down.length > 0 ? [503, "down"] : [200, "up"]);
    expect((await operator.get("/health/live")).status).toBe(200);
    return down.map(([domain]) => domain).sort();
  };
  const areDown = (...domains: DomainName[]) =>
    eventually(`what is down is ${domains.join(" and ")}`, async () => {
      const down = await domainsDown();
      return down.join() === [...domains].sort().join();
    });
  /** All is as if nothing had happened. */
  const recovered = async () => {
    await eventually(
      "all orders are delivered",
      async () =>
        (await cluster.owner.query("select from orders.orders where status = 'DELIVERED'")).rowCount ===
        accepted.length,
      60_000,
    );
    await expectSound(cluster.owner, accepted, initial);
    await areDown();
  };

  describe("Redis is down from the start", () => {
    beforeAll(async () => {
      await start({ nodes: [] });
      await cluster.stopServer("redis");
      await cluster.startNodes(...ONE_EACH);
      operator = await cluster.client("demo-operator");
    });
    afterAll(() => cluster.stop());

    test("everything works, and goes on working when it comes and goes", async () => {
      await place();
      expect((await operator.get("/api/v1/products?limit=1")).status).toBe(200);
      await areDown();
      await cluster.startServer("redis");
      await place();
      await cluster.stopServer("redis");
      await place();
      await recovered();
    });
  });

  describe("JetStream, NATS, or a domain is down", () => {
    beforeAll(async () => {
      await start({ env: { REQUEST_TIMEOUT_MS: NEVER_MS } });
      operator = await cluster.client("demo-operator");
    });
    afterAll(() => cluster.stop());

    /** Takes JetStream away from a nats-server that goes on carrying calls, or gives it back. */
    const jetStream = async (isThere: boolean, file: string, config: string) => {
      const without = config.replace(/^jetstream \{[^}]*\}\n/m, "").replaceAll(/^ +jetstream: enabled\n/gm, "");
      expect(without).not.toContain("jetstream");
      await writeFile(file, isThere ? config : without);
      cluster.nats.child.kill("SIGHUP");
    };

    /** What the channel of the orders is called, or the code of NATS's refusal. */
    const streamOfOrders = async () => {
      const user = "orders@orders";
      const pass = new URL(cluster.nats.url("orders")).password;
      const connection = await connect({
        servers: `127.0.0.1:${cluster.nats.port}`,
        user,
        pass,
        inboxPrefix: `_INBOX.${user}`,
      });
      try {
        const manager = await connection.jetstreamManager({ checkAPI: false });
        return (await manager.streams.info("waybill_orders")).config.name;
      } catch (error) {
        return String((error as { code?: unknown }).code);
      } finally {
        await connection.close();
      }
    };

    test("without JetStream orders are accepted, and flow when it is back", async () => {
      expect(await streamOfOrders()).toBe("waybill_orders");
      const file = cluster.natsConfigFile;
      const config = await readFile(file, "utf8");
      await jetStream(false, file, config);
      try {
        await eventually("there is no JetStream", async () => {
          if ((await streamOfOrders().catch(() => "away")) !== "waybill_orders") return true;
          // A server that is at work on something else may have passed the signal over.
          cluster.nats.child.kill("SIGHUP");
          await pause(200);
          return false;
        });
        await place();
        await place();
        await areDown();
      } finally {
        await jetStream(true, file, config);
      }
      await place();
      await recovered();
    });

    test("without NATS a gateway answers 503 at once, and what was accepted comes to its end afterwards", async () => {
      await place();
      await cluster.without("nats", async () => {
        await eventually("the gateway has noticed", async () => {
          const { status } = await operator.get("/api/v1/products");
          return status === 503;
        });
        expectAway(await operator.post("/api/v1/orders", orderBody(), "without-nats"));
        expectAway(await operator.get("/api/v1/products"));
        await areDown(...DOMAINS);
      });
      await areDown();
      await place();
      await recovered();
    });

    test("without payments orders are accepted and wait, and only what needs it is a 503", async () => {
      await cluster.stopNodes("payments-1");
      const id = await place();
      expectAway(await operator.get(`/api/v1/orders/${id}/payments`));
      expect((await operator.get("/api/v1/orders")).status).toBe(200);
      await areDown("payments");
      expect(await statusOf(id)).toBe("PENDING");
      await cluster.startNodes("payments-1");
      await recovered();
    });

    test("without the catalog nothing can be ordered, and what was ordered can be read and goes its way", async () => {
      const id = await place();
      await cluster.stopNodes("catalog-1");
      expectAway(await operator.post("/api/v1/orders", orderBody(), "without-catalog"));
      expectAway(await operator.get("/api/v1/products"));
      expect((await operator.get(`/api/v1/orders/${id}`)).status).toBe(200);
      await areDown("catalog");
      await eventually("it is delivered", async () => (await statusOf(id)) === "DELIVERED");
      await cluster.startNodes("catalog-1");
      await eventually("orders are accepted again", async () => {
        const { status, body } = await operator.post("/api/v1/orders", orderBody(), "with-catalog");
        if (status === 201) accepted.push({ id: body.id, number: body.number, key: "with-catalog" });
        return status === 201;
      });
      await recovered();
    });

    test("without delivery and notifications orders are accepted, and are shipped and told of afterwards", async () => {
      await cluster.stopNodes("delivery-1", "notifications-1");
      const id = await place();
      await eventually("it is paid for", async () => (await statusOf(id)) === "PENDING_SHIPMENT");
      expectAway(await operator.get(`/api/v1/delivery/shipment/${id}`));
      await cluster.startNodes("delivery-1", "notifications-1");
      await recovered();
    });

    test("without inventory nothing can be ordered, and what was ordered can be read", async () => {
      const id = await place();
      await cluster.stopNodes("inventory-1");
      expectAway(await operator.post("/api/v1/orders", orderBody(), "without-inventory"));
      expectAway(await operator.get("/api/v1/inventory/SKU-COFFEE-1KG"));
      for (const path of [`/api/v1/orders/${id}`, "/api/v1/products"])
        expect([path, (await operator.get(path)).status]).toEqual([path, 200]);
      await cluster.startNodes("inventory-1");
      await recovered();
    });

    test("without orders all else is answered, and shipments go on", async () => {
      const id = await place();
      await eventually("its shipment is there", async () => {
        const { status } = await operator.get(`/api/v1/delivery/shipment/${id}`);
        return status === 200;
      });
      await cluster.stopNodes("orders-1");
      for (const path of ["/api/v1/orders", `/api/v1/orders/${id}`]) expectAway(await operator.get(path));
      for (const path of ["/api/v1/products", "/api/v1/inventory/SKU-COFFEE-1KG"])
        expect([path, (await operator.get(path)).status]).toEqual([path, 200]);
      await eventually("it is delivered", async () => {
        const { body } = await operator.get(`/api/v1/delivery/shipment/${id}`);
        return body.status === "DELIVERED";
      });
      await cluster.startNodes("orders-1");
      await recovered();
    });

    test("without auth all can be read, and nothing changed: nobody knows which tokens were revoked", async () => {
      const newcomer = await cluster.client("demo-operator");
      const id = await place();
      await cluster.stopNodes("auth-1");
      let attempts = 0;
      const attempt = async () => {
        await pause(200);
        const key = `without-auth-${attempts++}`;
        const answer = await operator.post("/api/v1/orders", orderBody(), key);
        if (answer.status === 201) accepted.push({ id: answer.body.id, number: answer.body.number, key });
        return answer;
      };
      await eventually("no order is taken", async () => (await attempt()).status !== 201);
      expectAway(await attempt());
      expectAway(await operator.post(`/api/v1/orders/${id}/cancel`, {}));
      for (const client of [operator, newcomer])
        for (const path of ["/api/v1/orders", `/api/v1/orders/${id}`, "/api/v1/products"])
          expect([path, (await client.get(path)).status]).toEqual([path, 200]);
      await cluster.startNodes("auth-1");
      await eventually("orders are taken again", async () => (await attempt()).status === 201);
      await recovered();
    });
  });

  describe("NATS is down, and an edge node takes the orders", () => {
    beforeAll(async () => {
      await start({
        nodes: ["edge-1", "payments-1", "delivery-1", "notifications-1", "webhooks-1"],
        env: { REQUEST_TIMEOUT_MS: NEVER_MS },
      });
      operator = await cluster.client("demo-operator");
    });
    afterAll(() => cluster.stop());

    test("it goes on, and all is delivered when NATS is back", async () => {
      await place();
      await cluster.without("nats", async () => {
        const id = await place();
        await place();
        expect(await statusOf(id)).toBe("PENDING");
        for (const path of ["/api/v1/products", "/api/v1/orders", "/api/v1/inventory/SKU-COFFEE-1KG"])
          expect([path, (await operator.get(path)).status]).toEqual([path, 200]);
        expect((await cluster.client("demo-shop")).token).toBeDefined();
        await eventually("what it cannot reach is a 503", async () => {
          const answer = await operator.get(`/api/v1/orders/${id}/payments`);
          return answer.status === 503;
        });
        expectAway(await operator.get(`/api/v1/delivery/shipment/${id}`));
      });
      await recovered();
    });
  });

  describe("the database of one domain is down", () => {
    let proxies: Partial<Record<DomainName, TcpProxy>>;
    const timeoutMs = 4_000;
    beforeAll(async () => {
      const { port } = new URL(testServer().url("postgres"));
      proxies = { catalog: await TcpProxy.before(Number(port)), payments: await TcpProxy.before(Number(port)) };
      const through = (urls: Readonly<Record<DomainName, string>>) =>
        Object.fromEntries(
          Object.entries(proxies).map(([domain, proxy]) => [
            domain,
            TcpProxy.through(urls[domain as DomainName], proxy.port),
          ]),
        );
      await start({ databases: through, env: { REQUEST_TIMEOUT_MS: String(timeoutMs) } });
      operator = await cluster.client("demo-operator");
    });
    afterAll(async () => {
      await cluster.stop();
      await Promise.all(Object.values(proxies).map((proxy) => proxy.stop()));
    });

    test.each(["refusing", "silent"] as const)("the payments', which is %s: orders wait for it", async (mode) => {
      await proxies.payments?.set(mode);
      const id = await place();
      expectAway(await operator.get(`/api/v1/orders/${id}/payments`));
      await areDown("payments");
      expect((await operator.get("/api/v1/products")).status).toBe(200);
      expect(await statusOf(id)).toBe("PENDING");
      await proxies.payments?.set("there");
      await recovered();
    });

    test.each(["refusing", "silent"] as const)(
      "the catalog's, which is %s: what needs it is a 503 by its deadline, and the rest does not notice",
      async (mode) => {
        const id = await place();
        await cluster.forgetCache();
        await proxies.catalog?.set(mode);
        // More than the pool has connections, so that all of them hang.
        const hanging = Array.from({ length: 40 }, (_, n) => operator.get(`/api/v1/products?limit=${n + 1}`));
        const placing = operator.post("/api/v1/orders", orderBody(), `without-${mode}`);
        for (let n = 0; n < 20; n++) expect((await operator.get(`/api/v1/orders/${id}`)).status).toBe(200);
        for (const answer of await Promise.all([...hanging, placing])) expectAway(answer);
        await areDown("catalog");
        await proxies.catalog?.set("there");
        await eventually("orders are accepted again", async () => {
          const { status, body } = await operator.post("/api/v1/orders", orderBody(), `with-${mode}`);
          if (status === 201) accepted.push({ id: body.id, number: body.number, key: `with-${mode}` });
          return status === 201;
        });
        await recovered();
      },
    );
  });
});
