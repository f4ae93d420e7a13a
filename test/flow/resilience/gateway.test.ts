import { Agent, request } from "node:http";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../../../moleculer.config.ts";
import { readConfig } from "../../../platform/config.ts";
import { timeLeft } from "../../../platform/deadline.ts";
import { verifierOf } from "../../../platform/identity/token-verifier.ts";
import type { Ctx } from "../../../platform/service.ts";
import { gatewayUrl } from "../../../scripts/node.ts";
import schema from "../../../services/api/api.service.ts";
import { gate } from "../../support/bare-nodes.ts";
import { Client, orderBody } from "../../support/client.ts";
import { TestIssuer } from "../../support/issuer.ts";
import { expectProblem } from "../../support/problem.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

/** A gateway before domains of a test's own. */
async function startGateway(settings: Record<string, string>, orders: object, onToken = () => {}) {
  const env = { DATABASE_URL: "unused", LOG_LEVEL: "fatal", PORT: "0", ...settings };
  const broker = new ServiceBroker(brokerOptions(readConfig(env)));
  const verifier = verifierOf(broker);
  const identify = verifier.identify.bind(verifier);
  verifier.identify = (token) => {
    onToken();
    return identify(token);
  };
  broker.createService({ name: "auth", actions: issuer.actions });
  broker.createService({ name: "orders", actions: orders } as never);
  broker.createService(schema);
  await broker.start();
  return { broker, client: new Client(gatewayUrl(broker) as string, newToken()) };
}

const issuer = new TestIssuer("http://127.0.0.1:0");
const newToken = () => issuer.sign({ scopes: ["orders:read", "orders:write"] });

describe("a gateway with more requests than it takes", () => {
  let broker: ServiceBroker;
  let client: Client;
  let held: ReturnType<typeof gate>;
  let running = 0;
  let checked = 0;
  let asks = 0;
  const tokens = Array.from({ length: 512 }, newToken);
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  beforeAll(async () => {
    const list = async () => {
      running++;
      await held.opened;
      return { items: [], nextCursor: null };
    };
    const place = async () => ({});
    ({ broker, client } = await startGateway({ MOST_IN_FLIGHT: "256" }, { list, place }, () => checked++));
  });
  beforeEach(() => {
    held = gate();
    running = 0;
    checked = 0;
  });
  afterAll(async () => {
    agent.destroy();
    await broker.stop();
  });

  function ask(): Promise<{ status: number; retryAfter: string | undefined }> {
    const { hostname, port } = new URL(client.url);
    return new Promise((resolve, reject) => {
      // With another token than those at the same time, which the gateway has to verify.
      const headers = { authorization: `Bearer ${tokens[asks++ % tokens.length]}` };
      const sent = request({ hostname, port, path: "/api/v1/orders", headers, agent }, (response) => {
        response.resume();
        response.on("end", () =>
          resolve({ status: response.statusCode as number, retryAfter: response.headers["retry-after"] }),
        );
      });
      sent.on("error", reject);
      sent.end();
    });
  }
  const metric = async (name: string) => {
    const { text } = await client.get("/metrics");
    return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
  };

  test("turns none away as long as 256 are in hand", async () => {
    const asked = Array.from({ length: 256 }, ask);
    await eventually("all are at work", () => running === 256);
    held.open();
    expect(new Set((await Promise.all(asked)).map(({ status }) => status))).toEqual(new Set([200]));
  });

  test("answers those above at once, before it does anything for them, and serves all that it has taken", async () => {
    const before = await metric("waybill_http_requests_shed_total");
    const asked = Array.from({ length: 2_000 }, ask);
    const early: { status: number; retryAfter: string | undefined }[] = [];
    for (const one of asked) void one.then((answer) => early.push(answer));
    // Not one of those that were taken has been answered yet, so nobody has waited for them.
    await eventually("the others are answered", () => early.length === 2_000 - 256);
    expect(early.every(({ status, retryAfter }) => status === 503 && retryAfter === "1")).toBe(true);
    expect([running, checked]).toEqual([256, 256]);

    // Who looks after it is let in all the same.
    expect((await client.get("/health/live")).status).toBe(200);
    expect(await metric("waybill_http_requests_shed_total")).toBe(before + 1_744);
    expect(await metric("waybill_http_requests_in_flight")).toBe(257);
    // A body is not read, and its sender gets the answer all the same.
    const raw = Buffer.alloc(200_000, " ");
    expectProblem(await client.send("POST", "/api/v1/orders", { raw, key: "k" }), 503, "UNAVAILABLE");
    const token = await client.post("/api/v1/auth/token", { grant_type: "client_credentials" });
    expect([token.status, token.body.error]).toEqual([503, "temporarily_unavailable"]);

    held.open();
    const answers = await Promise.all(asked);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(256);
    expect((await ask()).status).toBe(200);
  });
});

describe("a request", () => {
  let broker: ServiceBroker;
  let client: Client;
  let left: number[];
  const held = gate();
  beforeAll(async () => {
    const list = async (ctx: Ctx) => {
      left.push(timeLeft(ctx));
      await held.opened;
    };
    const place = async (ctx: Ctx) => {
      left.push(timeLeft(ctx));
      return { id: "1" };
    };
    ({ broker, client } = await startGateway({ REQUEST_TIMEOUT_MS: "500" }, { list, place }));
  });
  beforeEach(() => {
    left = [];
  });
  afterAll(async () => {
    held.open();
    await broker.stop();
  });

  test("that is not answered in its time is a 503, and whom it asked knew of it", async () => {
    const answer = await client.get("/api/v1/orders");
    expectProblem(answer, 503, "UNAVAILABLE");
    expect(answer.headers["retry-after"]).toBe("5");
    expect(left).toHaveLength(1);
    expect(left[0]).toBeGreaterThan(0);
    expect(left[0]).toBeLessThanOrEqual(500);
  });

  test("has all its time once its body is there, however slowly that came", async () => {
    const { hostname, port } = new URL(client.url);
    const body = JSON.stringify(orderBody());
    const headers = {
      authorization: `Bearer ${newToken()}`,
      "content-type": "application/json",
      "content-length": body.length,
      "idempotency-key": "slow",
    };
    const status = await new Promise((resolve, reject) => {
      const sent = request({ hostname, port, path: "/api/v1/orders", method: "POST", headers }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode));
      });
      sent.on("error", reject);
      sent.write(body.slice(0, 5));
      setTimeout(() => sent.end(body.slice(5)), 700);
    });
    expect(status).toBe(201);
    expect(left[0]).toBeGreaterThan(0);
  });
});
