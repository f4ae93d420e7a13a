import { createPublicKey, generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";
import { type Answer, Client } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { claimsOf, headerOf, ownKey, signES256, signHS256, unsigned } from "../../support/tokens.ts";

jest.setTimeout(60_000);

type Json = Record<string, unknown>;
/** All that a forger may know, and for some cases the platform's own key. */
interface Forge {
  readonly header: Json;
  readonly claims: Json;
  readonly own: Awaited<ReturnType<typeof ownKey>>;
  readonly other: KeyPairKeyObjectResult;
  readonly now: number;
}

const b64 = (text: string) => Buffer.from(text).toString("base64url");
const FORGED: readonly [name: string, make: (forge: Forge) => string][] = [
  ["alg none", ({ header, claims }) => unsigned({ ...header, alg: "none" }, claims)],
  ["alg None", ({ header, claims }) => unsigned({ ...header, alg: "nOnE" }, claims)],
  ["alg none without a kid", ({ claims }) => unsigned({ alg: "none" }, claims)],
  ["alg none with a signature", ({ header, claims }) => `${unsigned({ ...header, alg: "none" }, claims)}AAAA`],
  ["no signature", ({ header, claims }) => unsigned(header, claims)],
  [
    "HS256 with the public key in PEM",
    ({ header, claims, own }) => signHS256({ ...header, alg: "HS256" }, claims, own.publicPem),
  ],
  [
    "HS256 with the public key in DER",
    ({ header, claims, own }) =>
      signHS256({ ...header, alg: "HS256" }, claims, own.publicKey.export({ type: "spki", format: "der" })),
  ],
  [
    "HS256 with the public key as JWK",
    ({ header, claims, own }) =>
      signHS256({ ...header, alg: "HS256" }, claims, JSON.stringify(own.publicKey.export({ format: "jwk" }))),
  ],
  ["HS256 that says ES256", ({ header, claims, own }) => signHS256(header, claims, own.publicPem)],
  ["HS256 with an empty secret", ({ header, claims }) => signHS256({ ...header, alg: "HS256" }, claims, "")],
  ["another key", ({ header, claims, other }) => signES256(header, claims, other.privateKey)],
  [
    "another key under an unknown kid",
    ({ header, claims, other }) => signES256({ ...header, kid: "mine" }, claims, other.privateKey),
  ],
  [
    "another key without a kid",
    ({ claims, other }) => signES256({ alg: "ES256", typ: "at+jwt" }, claims, other.privateKey),
  ],
  [
    "a kid that is a path",
    ({ header, claims }) => signHS256({ ...header, alg: "HS256", kid: "../../../../dev/null" }, claims, ""),
  ],
  [
    "a kid that is SQL",
    ({ header, claims, other }) =>
      signES256({ ...header, kid: "x' union select private_key from auth.signing_keys --" }, claims, other.privateKey),
  ],
  [
    "a kid that is a list",
    ({ header, claims, own }) => signES256({ ...header, kid: [header.kid] }, claims, own.privateKey),
  ],
  ["a kid that is null", ({ header, claims, own }) => signES256({ ...header, kid: null }, claims, own.privateKey)],
  [
    "a kid of __proto__",
    ({ header, claims, other }) => signES256({ ...header, kid: "__proto__" }, claims, other.privateKey),
  ],
  [
    "a jku of one's own",
    ({ header, claims, other }) =>
      signES256({ ...header, jku: "http://127.0.0.1:1/jwks.json" }, claims, other.privateKey),
  ],
  [
    "a jwk of one's own",
    ({ header, claims, other }) =>
      signES256(
        { ...header, jwk: createPublicKey(other.privateKey).export({ format: "jwk" }) },
        claims,
        other.privateKey,
      ),
  ],
  [
    "an x5u of one's own",
    ({ header, claims, other }) => signES256({ ...header, x5u: "http://127.0.0.1:1/cert" }, claims, other.privateKey),
  ],
  [
    "more scopes under an old signature",
    ({ header, claims, own }) => swapped(signES256(header, claims, own.privateKey), { ...claims, scope: "admin" }),
  ],
  [
    "another tenant under an old signature",
    ({ header, claims, own }) => swapped(signES256(header, claims, own.privateKey), { ...claims, tenant: "acme" }),
  ],
  [
    "an end in the past",
    ({ header, claims, own, now }) => signES256(header, { ...claims, iat: now - 100, exp: now - 1 }, own.privateKey),
  ],
  ["no end", ({ header, claims: { exp: _, ...claims }, own }) => signES256(header, claims, own.privateKey)],
  [
    "an end that is a text",
    ({ header, claims, own }) => signES256(header, { ...claims, exp: "never" }, own.privateKey),
  ],
  [
    "a beginning in the future",
    ({ header, claims, own, now }) => signES256(header, { ...claims, nbf: now + 600 }, own.privateKey),
  ],
  ["another audience", ({ header, claims, own }) => signES256(header, { ...claims, aud: "elsewhere" }, own.privateKey)],
  ["no audience", ({ header, claims: { aud: _, ...claims }, own }) => signES256(header, claims, own.privateKey)],
  [
    "another issuer",
    ({ header, claims, own }) => signES256(header, { ...claims, iss: "https://evil.example" }, own.privateKey),
  ],
  ["no issuer", ({ header, claims: { iss: _, ...claims }, own }) => signES256(header, claims, own.privateKey)],
  ["no tenant", ({ header, claims: { tenant: _, ...claims }, own }) => signES256(header, claims, own.privateKey)],
  [
    "no id to revoke it by",
    ({ header, claims: { jti: _, ...claims }, own }) => signES256(header, claims, own.privateKey),
  ],
  ["another type of token", ({ header, claims, own }) => signES256({ ...header, typ: "JWT" }, claims, own.privateKey)],
  [
    "a critical extension",
    ({ header, claims, own }) => signES256({ ...header, crit: ["b64"], b64: false }, claims, own.privateKey),
  ],
  ["claims that are a list", ({ header, own }) => signES256(header, [], own.privateKey)],
  ["a header that is no JSON", ({ claims }) => `${b64("{")}.${b64(JSON.stringify(claims))}.AAAA`],
  ["a header that is null", ({ claims }) => `${b64("null")}.${b64(JSON.stringify(claims))}.AAAA`],
  ["one part", () => "token"],
  ["two parts", () => "a.b"],
  ["four parts", ({ header, claims, own }) => `${signES256(header, claims, own.privateKey)}.x`],
  ["nothing but dots", () => ".."],
  ["10,000 characters", () => "a".repeat(10_000)],
];

describe("a token that was forged", () => {
  let platform: TestPlatform;
  let forge: Forge;
  beforeAll(async () => {
    platform = await startPlatform();
    const { token } = await platform.client("demo-shop");
    forge = {
      header: headerOf(token as string),
      claims: claimsOf(token as string),
      own: await ownKey(platform.owner),
      other: generateKeyPairSync("ec", { namedCurve: "P-256" }),
      now: Math.floor(Date.now() / 1_000),
    };
  });
  afterAll(async () => {
    await platform.stop();
  });

  const ask = (token: string): Promise<Answer> => new Client(platform.url, token).get("/api/v1/orders");

  test("would be taken if its maker had the platform's key", async () => {
    expect((await ask(signES256(forge.header, forge.claims, forge.own.privateKey))).status).toBe(200);
  });

  test.each(FORGED)("by %s is a 401", async (_, make) => {
    const token = make(forge);
    // Twice: what is kept of the first answer must not let the second one in.
    for (let times = 0; times < 2; times++) {
      const answer = await ask(token);
      expectProblem(answer, 401, "UNAUTHORIZED");
      expect(answer.headers["www-authenticate"]).toMatch(/^Bearer/);
    }
    const body = new URLSearchParams({ token, client_id: "demo-operator", client_secret: "demo-secret" }).toString();
    const asked = await new Client(platform.url).send("POST", "/api/v1/auth/introspect", {
      raw: body,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(asked.body).toEqual(
      asked.status === 200 ? { active: false } : expect.objectContaining({ error: "invalid_request" }),
    );
  });

  test.each([
    ["none", {}],
    ["an empty one", { authorization: "" }],
    ["the word alone", { authorization: "Bearer" }],
    ["the word and a space", { authorization: "Bearer " }],
    ["Basic", { authorization: `Basic ${Buffer.from("demo-shop:demo-secret").toString("base64")}` }],
    ["the token without the word", { authorization: "token" }],
    ["two tokens", { authorization: "Bearer a, Bearer b" }],
    ["a session", { cookie: "session=1" }],
  ])("or not there, with %s in the header, is a 401", async (_, headers) => {
    expectProblem(
      await new Client(platform.url).get("/api/v1/orders", headers as Record<string, string>),
      401,
      "UNAUTHORIZED",
    );
  });

  test("a token in the query is not read", async () => {
    const { token } = await platform.client("demo-shop");
    expectProblem(await new Client(platform.url).get(`/api/v1/orders?access_token=${token}`), 401, "UNAUTHORIZED");
  });

  test("one that ends while it is in use ends then", async () => {
    const exp = Math.floor(Date.now() / 1_000) + 2;
    const token = signES256(
      forge.header,
      { ...forge.claims, jti: "01900000-0000-7000-8000-00000000f001", exp },
      forge.own.privateKey,
    );
    expect((await ask(token)).status).toBe(200);
    while (Date.now() < exp * 1_000) await new Promise((resolve) => setTimeout(resolve, 100));
    expectProblem(await ask(token), 401, "UNAUTHORIZED");
  });
});

function swapped(token: string, claims: Json): string {
  const [header, , signature] = token.split(".");
  return `${header}.${b64(JSON.stringify(claims))}.${signature}`;
}
