import { request } from "node:http";
import { verifierOf } from "../../../platform/identity/token-verifier.ts";
import { Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";

jest.setTimeout(60_000);

const MOST = 30;

/** Sends a request from another address of this machine. */
function getFrom(localAddress: string, url: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { localAddress, headers, agent: false }, (response) => resolve(response.resume().statusCode as number))
      .on("error", reject)
      .end();
  });
}

/** What a caller may say of its own address. */
const invented = (n: number) => ({
  "x-forwarded-for": `10.0.${n}.1`,
  forwarded: `for=10.0.${n}.1`,
  "x-real-ip": `10.0.${n}.1`,
  "x-client-ip": `10.0.${n}.1`,
  "true-client-ip": `10.0.${n}.1`,
  "cf-connecting-ip": `10.0.${n}.1`,
});

describe("a flood without a token", () => {
  let platform: TestPlatform;
  beforeEach(async () => {
    platform = await startPlatform({ ADDRESS_REQUESTS_PER_MINUTE: String(MOST) });
  });
  afterEach(async () => {
    await platform.stop();
  });

  const counted = (answers: readonly { status: number }[], status: number) =>
    answers.filter((answer) => answer.status === status).length;

  // Safeguard: `countAddress` in services/api/http/serve.ts, identify, and that it comes before anybody is asked.
  test("is cut off by its address before any token is looked at", async () => {
    const looked = jest.spyOn(verifierOf(platform.node("api")), "identify");
    const attempts = await Promise.all(
      Array.from({ length: 3 * MOST }, (_, n) => new Client(platform.url, `garbage-${n}`).get("/api/v1/orders")),
    );
    expect([counted(attempts, 401), counted(attempts, 429)]).toEqual([MOST, 2 * MOST]);
    expect(looked).toHaveBeenCalledTimes(MOST);
    const refused = await new Client(platform.url).get("/api/v1/orders");
    expectProblem(refused, 429, "RATE_LIMITED");
    expect(refused.headers).toMatchObject({ "ratelimit-limit": String(MOST), "ratelimit-remaining": "0" });
    const seconds = Number(refused.headers["retry-after"]);
    expect([seconds >= 1, seconds <= 60, refused.headers["ratelimit-reset"]]).toEqual([true, true, String(seconds)]);
  });

  // Safeguard: `clientAddress` in services/api/http/client-address.ts, which believes named proxies alone.
  test("is not let through by what it says of its address", async () => {
    const answers = [];
    for (let n = 0; n < MOST + 5; n++) answers.push(await new Client(platform.url).get("/api/v1/orders", invented(n)));
    expect([counted(answers, 401), counted(answers, 429)]).toEqual([MOST, 5]);
  });

  // Safeguard: the count in `serveNothing` (services/api/http/refuse.ts), and in `serve` for the routes that need no token.
  test("is counted over all that needs no token, and what is not there", async () => {
    const nobody = new Client(platform.url);
    for (let n = 0; n < MOST; n += 3) {
      expect((await nobody.get(`/wp-admin/${n}`)).status).toBe(404);
      expect((await nobody.post("/api/v1/auth/validate", { token: "x" })).status).toBe(200);
      expect((await nobody.send("OPTIONS", "/api/v1/orders")).status).toBe(404);
    }
    expect((await nobody.get("/wp-admin")).status).toBe(429);
    expect((await nobody.post("/api/v1/auth/validate", { token: "x" })).status).toBe(429);
    const { status, body } = await nobody.post("/api/v1/auth/token", { grant_type: "client_credentials" });
    expect([status, body.error]).toEqual([429, "temporarily_unavailable"]);
    // Whoever looks how the gateway is may always do so.
    for (const path of ["/health/live", "/health/ready", "/metrics"]) expect((await nobody.get(path)).status).toBe(200);
  });

  // Safeguard: `giveAddressBack` in services/api/http/serve.ts, behind a token that is good.
  test("is not made of those who show good tokens, however many", async () => {
    const shops = await Promise.all(Array.from({ length: MOST / 2 }, () => new Client(platform.url).as("demo-shop")));
    for (const shop of shops) expect((await shop.get("/api/v1/products?limit=1")).status).toBe(200);
    // To get them has counted, to show them has not.
    for (let n = 0; n < MOST / 2; n++) expect((await new Client(platform.url).get("/api/v1/orders")).status).toBe(401);
    expect((await new Client(platform.url).get("/api/v1/orders")).status).toBe(429);
  });

  // Safeguard: `known` in platform/identity/token-verifier.ts, which is asked first.
  test("shuts out nobody who has a good token, nor anybody from elsewhere", async () => {
    const shop = await platform.client("demo-shop");
    for (let n = 0; n < 2 * MOST; n++) expect((await shop.get("/api/v1/products?limit=1")).status).toBe(200);
    await Promise.all(Array.from({ length: 2 * MOST }, () => new Client(platform.url).get("/api/v1/orders")));
    expect((await new Client(platform.url).get("/api/v1/orders")).status).toBe(429);
    expect((await shop.get("/api/v1/orders")).status).toBe(200);
    expect((await shop.post("/api/v1/orders", orderBody(), "during-the-flood")).status).toBe(201);
    expect(await getFrom("127.0.0.2", `${platform.url}/api/v1/orders`)).toBe(401);
  });
});

describe("behind a proxy of ours", () => {
  // Safeguard: the reading from the end in services/api/http/client-address.ts.
  test("each caller is counted by the address that the proxy has written, whatever stands before it", async () => {
    const platform = await startPlatform({
      ADDRESS_REQUESTS_PER_MINUTE: String(MOST),
      TRUSTED_PROXIES: "127.0.0.0/8",
    });
    try {
      const ask = (n: number, address: string) =>
        getFrom("127.0.0.1", `${platform.url}/api/v1/orders`, {
          ...invented(n),
          "x-forwarded-for": `10.0.${n}.1, ${address}`,
        });
      const statuses = [];
      for (let n = 0; n < MOST + 5; n++) statuses.push(await ask(n, "198.51.100.7"));
      expect(statuses.filter((status) => status === 429)).toHaveLength(5);
      expect(await ask(0, "198.51.100.8")).toBe(401);
      // Of IPv6 a caller has a whole network.
      for (let n = 0; n < MOST; n++) await ask(n, `2001:db8:1:2::${n + 1}`);
      expect(await ask(0, "2001:db8:1:2:ffff::1")).toBe(429);
      expect(await ask(0, "2001:db8:1:3::1")).toBe(401);
    } finally {
      await platform.stop();
    }
  });
});
