import type { Answer } from "../../support/client.ts";
import { Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectOAuthError, expectProblem } from "../../support/problem.ts";
import { claimsOf } from "../../support/tokens.ts";

jest.setTimeout(60_000);

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});
const SHOP = { client_id: "demo-shop", client_secret: "demo-secret" };

describe("identity", () => {
  let platform: TestPlatform;
  let nobody: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    nobody = new Client(platform.url);
  });
  afterAll(async () => {
    await platform.stop();
  });

  const form = (path: string, members: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> =>
    nobody.send("POST", path, { raw: new URLSearchParams(members).toString(), headers: { ...FORM, ...headers } });
  const token = (members: Record<string, string>, headers?: Record<string, string>) =>
    form("/api/v1/auth/token", members, headers);
  const grant = { grant_type: "client_credentials" };

  describe("a token", () => {
    test.each<[string, () => Promise<Answer>]>([
      ["by a form", () => token({ ...grant, ...SHOP })],
      ["by JSON", () => nobody.post("/api/v1/auth/token", { ...grant, ...SHOP })],
      ["by Basic", () => token(grant, basic("demo-shop", "demo-secret"))],
      [
        "by Basic and JSON",
        () => nobody.send("POST", "/api/v1/auth/token", { body: grant, headers: basic("demo-shop", "demo-secret") }),
      ],
      ["by Basic, encoded as in a form", () => token(grant, basic("demo%2Dshop", "demo%2Dsecret"))],
      ["with members that nobody knows", () => token({ ...grant, ...SHOP, audience: "elsewhere" })],
      ["with a scope without a value", () => token({ ...grant, ...SHOP, scope: "" })],
    ])("is given %s", async (_, ask) => {
      const answer = await ask();
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        token_type: "Bearer",
        expires_in: 86_400,
        scope: "orders:read orders:write inventory:read payments:read delivery:read",
      });
      // RFC 6749, 5.1
      expect(answer.headers["cache-control"]).toMatch(/no-store/);
      expect((await new Client(platform.url, answer.body.access_token).get("/api/v1/orders")).status).toBe(200);
      const { exp, iat, tenant } = claimsOf(answer.body.access_token) as { exp: number; iat: number; tenant: string };
      expect([exp - iat, tenant]).toEqual([86_400, "demo"]);
    });

    test.each<[string, () => Promise<Answer>, number, string]>([
      [
        "with a wrong secret",
        () => token({ ...grant, client_id: "demo-shop", client_secret: "wrong" }),
        401,
        "invalid_client",
      ],
      ["with a wrong secret by Basic", () => token(grant, basic("demo-shop", "wrong")), 401, "invalid_client"],
      [
        "to an unknown client",
        () => token({ ...grant, client_id: "nobody", client_secret: "demo-secret" }),
        401,
        "invalid_client",
      ],
      ["to a client that does not name itself", () => token(grant), 401, "invalid_client"],
      ["to a client without its secret", () => token({ ...grant, client_id: "demo-shop" }), 401, "invalid_client"],
      ["with Basic that is none", () => token(grant, { authorization: "Basic %%%" }), 401, "invalid_client"],
      [
        "with a secret of NUL",
        () => token({ ...grant, client_id: "demo-shop", client_secret: "\0" }),
        400,
        "invalid_request",
      ],
      [
        "to a client that names itself twice",
        () => token({ ...grant, ...SHOP }, basic("demo-shop", "demo-secret")),
        400,
        "invalid_request",
      ],
      [
        "for another grant",
        () => token({ grant_type: "password", ...SHOP, username: "ada", password: "x" }),
        400,
        "unsupported_grant_type",
      ],
      ["for no grant", () => token(SHOP), 400, "invalid_request"],
      [
        "for more than was granted",
        () => token({ ...grant, ...SHOP, scope: "orders:read admin" }),
        400,
        "invalid_scope",
      ],
      [
        "for a scope that there is not",
        () => token({ ...grant, ...SHOP, scope: "orders:everything" }),
        400,
        "invalid_scope",
      ],
      [
        "with a parameter twice",
        () =>
          nobody.send("POST", "/api/v1/auth/token", {
            raw: "grant_type=client_credentials&grant_type=password",
            headers: FORM,
          }),
        400,
        "invalid_request",
      ],
      [
        "with broken JSON",
        () => nobody.send("POST", "/api/v1/auth/token", { raw: "{", headers: { "content-type": "application/json" } }),
        400,
        "invalid_request",
      ],
      [
        "with JSON of wrong types",
        () => nobody.post("/api/v1/auth/token", { grant_type: 1, client_id: {}, client_secret: [] }),
        400,
        "invalid_request",
      ],
      ["with JSON that is a list", () => nobody.post("/api/v1/auth/token", []), 400, "invalid_request"],
      [
        "with a form that is not encoded",
        () => nobody.send("POST", "/api/v1/auth/token", { raw: "grant_type=%F0%28", headers: FORM }),
        400,
        "invalid_request",
      ],
      [
        "as XML",
        () => nobody.send("POST", "/api/v1/auth/token", { raw: "<a/>", headers: { "content-type": "text/xml" } }),
        415,
        "invalid_request",
      ],
      ["with a body of 300 kB", () => token({ ...grant, ...SHOP, scope: "x".repeat(300_000) }), 413, "invalid_request"],
    ])("is not given %s", async (_, ask, status, error) => {
      expectOAuthError(await ask(), status, error);
    });

    test("can be of less than the client has, and then opens less", async () => {
      const { body } = await token({ ...grant, ...SHOP, scope: "orders:read" });
      expect(body.scope).toBe("orders:read");
      const reader = new Client(platform.url, body.access_token);
      expect((await reader.get("/api/v1/orders")).status).toBe(200);
      expectProblem(await reader.post("/api/v1/orders", orderBody(), "no-scope"), 403, "FORBIDDEN");
    });

    test("is not given by GET, nor with credentials in the query", async () => {
      const query = new URLSearchParams({ ...grant, ...SHOP });
      expect((await nobody.get(`/api/v1/auth/token?${query}`)).status).toBe(404);
      expect((await nobody.send("POST", `/api/v1/auth/token?${query}`)).status).toBeGreaterThanOrEqual(400);
    });
  });
});
