import type { Answer } from "../../support/client.ts";
import { Client } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectOAuthError, expectProblem } from "../../support/problem.ts";
import { claimsOf, headerOf } from "../../support/tokens.ts";

jest.setTimeout(60_000);

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});
const SHOP = { client_id: "demo-shop", client_secret: "demo-secret" };

describe("a token that was issued", () => {
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

  describe("introspection", () => {
    const introspect = (members: Record<string, string>) => form("/api/v1/auth/introspect", members);
    const operatorOf = (tenant: string) => ({ client_id: `${tenant}-operator`, client_secret: "demo-secret" });

    test("says what a token of the tenant's says", async () => {
      const shop = await platform.client("demo-shop");
      const answer = await introspect({ token: shop.token as string, ...operatorOf("demo") });
      const { exp, iat, jti } = claimsOf(shop.token as string);
      expect([answer.status, answer.body]).toEqual([
        200,
        expect.objectContaining({
          active: true,
          client_id: "demo-shop",
          token_type: "Bearer",
          tenant: "demo",
          exp,
          iat,
          jti,
          scope: expect.stringContaining("orders:write"),
        }),
      ]);
    });

    test.each(["garbage", "a.b.c", ""])("says of %j that it is not active, or not a token", async (text) => {
      const answer = await introspect({ token: text, ...operatorOf("demo") });
      if (text === "") expectOAuthError(answer, 400, "invalid_request");
      else expect([answer.status, answer.body]).toEqual([200, { active: false }]);
    });

    test("says of another tenant's token nothing but that it is not active", async () => {
      const shop = await platform.client("demo-shop");
      const answer = await introspect({ token: shop.token as string, ...operatorOf("acme") });
      expect([answer.status, answer.body]).toEqual([200, { active: false }]);
    });

    test("is for clients alone", async () => {
      const shop = await platform.client("demo-shop");
      expectOAuthError(await introspect({ token: shop.token as string }), 401, "invalid_client");
      expectOAuthError(
        await introspect({ token: shop.token as string, client_id: "demo-shop", client_secret: "no" }),
        401,
        "invalid_client",
      );
    });
  });

  describe("revocation", () => {
    const revoke = (members: Record<string, string>, headers?: Record<string, string>) =>
      form("/api/v1/auth/revoke", members, headers);
    const fresh = () => new Client(platform.url).as("demo-shop");

    test("takes effect at once, and twice is as once", async () => {
      const [ended, other] = await Promise.all([fresh(), fresh()]);
      expect((await ended.get("/api/v1/orders")).status).toBe(200);
      for (let times = 0; times < 2; times++)
        expect((await revoke({ token: ended.token as string, ...SHOP })).status).toBe(200);
      expectProblem(await ended.get("/api/v1/orders"), 401, "UNAUTHORIZED");
      expect((await form("/api/v1/auth/introspect", { token: ended.token as string, ...SHOP })).body).toEqual({
        active: false,
      });
      expect((await other.get("/api/v1/orders")).status).toBe(200);
    });

    test("of what is no token, or another tenant's, is a 200 that changes nothing", async () => {
      const shop = await fresh();
      expect((await revoke({ token: "garbage" }, basic("demo-shop", "demo-secret"))).status).toBe(200);
      expect(
        (await revoke({ token: shop.token as string, client_id: "acme-shop", client_secret: "demo-secret" })).status,
      ).toBe(200);
      expect((await shop.get("/api/v1/orders")).status).toBe(200);
    });

    test("is for clients alone", async () => {
      const shop = await fresh();
      expectOAuthError(await revoke({ token: shop.token as string }), 401, "invalid_client");
      expect((await shop.get("/api/v1/orders")).status).toBe(200);
    });
  });

  test("the key set holds the public half of the key that signs, and nothing else of it", async () => {
    const { status, body } = await nobody.get("/.well-known/jwks.json");
    const shop = await platform.client("demo-shop");
    expect(status).toBe(200);
    const key = body.keys.find((one: { kid: string }) => one.kid === headerOf(shop.token as string).kid);
    expect(Object.keys(key).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
  });

  test("the metadata lead to routes that are there", async () => {
    const { status, body } = await nobody.get("/.well-known/oauth-authorization-server");
    expect(status).toBe(200);
    expect(body.grant_types_supported).toEqual(["client_credentials", "refresh_token"]);
    for (const name of ["token_endpoint", "introspection_endpoint", "revocation_endpoint"]) {
      expect((await nobody.post(new URL(body[name]).pathname, {})).status).not.toBe(404);
    }
    expect((await nobody.get(new URL(body.jwks_uri).pathname)).status).toBe(200);
    expect((await nobody.get("/api/v1/.well-known/jwks.json")).status).toBe(404);
  });
});
