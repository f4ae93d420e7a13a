import { Client } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";

jest.setTimeout(120_000);

const PASSWORD = "correct horse battery staple";

describe("a password that is guessed from very many addresses", () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startPlatform({ TRUSTED_PROXIES: "127.0.0.1" });
  });
  afterAll(() => platform.stop());

  const logIn = (from: string, password: string, email = "ada@example.com") =>
    new Client(platform.url).send("POST", "/api/v1/auth/login", {
      body: { clientId: "demo-shop", email, password },
      headers: { "x-forwarded-for": from },
    });

  test("is not guessed on for that minute, and its owner gets in from where they were before", async () => {
    expect((await logIn("198.51.100.7", PASSWORD)).status).toBe(200);
    const statuses: number[] = [];
    // Fewer from each than one address may try; a few at a time, as each takes a core's while.
    for (let first = 0; first < 105; first += 7) {
      const guesses = Array.from({ length: 7 }, (_, n) => logIn(`203.0.113.${n}`, `wrong ${first + n}`));
      statuses.push(...(await Promise.all(guesses)).map(({ status }) => status));
    }
    expect(statuses.filter((status) => status === 401)).toHaveLength(100);
    expect(statuses.filter((status) => status === 429)).toHaveLength(5);
    const refused = await logIn("192.0.2.1", PASSWORD);
    expectProblem(refused, 429, "RATE_LIMITED");
    expect(refused.headers["ratelimit-limit"]).toBe("100");
    expect((await logIn("198.51.100.7", PASSWORD)).status).toBe(200);
    // Nor is anybody else held up by it.
    expect((await logIn("203.0.113.1", PASSWORD, "grace@example.com")).status).toBe(200);
  });
});
