import { request } from "node:http";
import { Client } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";

jest.setTimeout(60_000);

const FORM = { "content-type": "application/x-www-form-urlencoded" };

describe("guessing a secret", () => {
  let platform: TestPlatform;
  // Each test guesses at a client of its own, as the guesses of all are counted within the same minute.
  beforeAll(async () => {
    platform = await startPlatform();
  });
  afterAll(() => platform.stop());

  const ask = (path: string, members: Record<string, string>, headers: Record<string, string> = {}) =>
    new Client(platform.url).send("POST", path, {
      raw: new URLSearchParams(members).toString(),
      headers: { ...FORM, ...headers },
    });
  const guess = (client: string, secret: string, headers?: Record<string, string>) =>
    ask("/api/v1/auth/token", { grant_type: "client_credentials", client_id: client, client_secret: secret }, headers);

  test("is over after 20 wrong ones in a minute: then even the right one is a 429", async () => {
    for (let n = 0; n < 20; n++) expect((await guess("demo-shop", `wrong-${n}`)).status).toBe(401);
    for (const secret of ["wrong-20", "demo-secret"]) {
      const answer = await guess("demo-shop", secret);
      expect([answer.status, Object.keys(answer.body)]).toEqual([429, expect.arrayContaining(["error"])]);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
      expect(Number(answer.headers["retry-after"])).toBeLessThanOrEqual(60);
      expect(answer.headers).toMatchObject({
        "ratelimit-limit": "20",
        "ratelimit-remaining": "0",
        "ratelimit-reset": expect.stringMatching(/^\d+$/),
      });
    }
    // Nobody else is held up by it.
    expect((await guess("demo-operator", "demo-secret")).status).toBe(200);
    expect((await guess("acme-shop", "demo-secret")).status).toBe(200);
  });

  test("is counted over all routes that take a secret, whatever a caller says of its address", async () => {
    const answers: number[] = [];
    for (let n = 0; n < 24; n++) {
      const forwarded = {
        "x-forwarded-for": `10.0.0.${n}`,
        forwarded: `for=10.0.0.${n}`,
        "x-real-ip": `10.0.0.${n}`,
        "user-agent": `agent-${n}`,
      };
      const secret = { client_id: "demo-courier", client_secret: `wrong-${n}` };
      if (n % 3 === 0) answers.push((await guess("demo-courier", `wrong-${n}`, forwarded)).status);
      else
        answers.push(
          (await ask(`/api/v1/auth/${n % 3 === 1 ? "introspect" : "revoke"}`, { token: "x", ...secret }, forwarded))
            .status,
        );
    }
    expect(answers).toEqual([...Array(20).fill(401), ...Array(4).fill(429)]);
  });

  test("cannot be done faster by asking for many at once", async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => guess("acme-operator", `wrong-${n}`)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
  });

  test("does not count right ones: a shop that asks for many tokens gets them", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => guess("demo-operator", "demo-secret")));
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
  });

  test("of a client that there is not is limited as well, and looks the same", async () => {
    const known = await guess("acme-shop", "wrong");
    const unknown = await guess("nobody", "wrong");
    expect([unknown.status, unknown.body]).toEqual([known.status, known.body]);
    for (let n = 0; n < 19; n++) await guess("nobody", "wrong");
    expect((await guess("nobody", "wrong")).status).toBe(429);
  });

  test("is limited by address: from elsewhere the client itself gets in", async () => {
    for (let n = 0; n < 20; n++) await guess("waybill-operator", "wrong");
    expect((await guess("waybill-operator", "demo-secret")).status).toBe(429);
    const { hostname, port } = new URL(platform.url);
    const body = "grant_type=client_credentials&client_id=waybill-operator&client_secret=demo-secret";
    const status = await new Promise((resolve, reject) => {
      const options = {
        host: hostname,
        port,
        localAddress: "127.0.0.2",
        method: "POST",
        path: "/api/v1/auth/token",
        headers: FORM,
      };
      request(options, (response) => resolve(response.resume().statusCode))
        .on("error", reject)
        .end(body);
    });
    expect(status).toBe(200);
  });
});
