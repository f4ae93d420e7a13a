import { createHmac, generateKeyPairSync } from "node:crypto";
import jwt from "jsonwebtoken";
import { keyIdOf, verifyAccessToken } from "../../../platform/identity/access-token.ts";
import { AUDIENCE, type Claims } from "../../../platform/identity/claims.ts";
import { signAccessToken } from "./access-token.ts";
import { generateSigningKey, openSigningKey, type SigningKey } from "./signing-key.ts";

const ISSUER = "https://waybill.test";
const NOW = 1_800_000_000;
const claims: Claims = {
  jti: "01930000-0000-7000-8000-000000000001",
  client_id: "demo-shop",
  tenant: "demo",
  scope: "orders:read orders:write",
  iat: NOW,
  exp: NOW + 3_600,
};

let ours: SigningKey;
let foreign: SigningKey;

beforeAll(async () => {
  ours = openSigningKey(await generateSigningKey("key-1"));
  foreign = openSigningKey(await generateSigningKey("key-1"));
});

function verify(token: string, now = NOW): Claims | undefined {
  if (keyIdOf(token) !== ours.kid) return undefined;
  return verifyAccessToken(token, ours.publicKey, { issuer: ISSUER, now });
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const payload = () => ({ ...claims, iss: ISSUER, aud: AUDIENCE, sub: claims.client_id });

/** A token signed by a key, with whatever header and payload. */
function forge(header: object, body: object = payload(), key = ours): string {
  return jwt.sign(body, key.privateKey, {
    algorithm: "ES256",
    header: { alg: "ES256", typ: "at+jwt", kid: "key-1", ...header },
  });
}

test("a token of ours says what was signed", async () => {
  expect(verify(signAccessToken(claims, ISSUER, ours))).toEqual(claims);
});

test("a customer's token names the customer", async () => {
  const token = signAccessToken({ ...claims, customer: "c-1" }, ISSUER, ours);
  expect(verify(token)).toEqual({ ...claims, customer: "c-1" });
  expect(jwt.decode(token)).toMatchObject({ sub: "c-1" });
});

test("a token ends on the second", async () => {
  const token = signAccessToken(claims, ISSUER, ours);
  expect(verify(token, claims.exp - 1)).toBeDefined();
  expect(verify(token, claims.exp)).toBeUndefined();
});

describe("forgeries", () => {
  test.each([
    ["nothing", () => ""],
    ["no token", () => "abc"],
    ["two parts", () => signAccessToken(claims, ISSUER, ours).split(".").slice(0, 2).join(".")],
    ["a header that is no JSON", () => `${Buffer.from("{").toString("base64url")}.e30.AA`],
    ["a header that is no object", () => `${encode(null)}.e30.AA`],
    [
      "alg none without a signature",
      () => `${encode({ alg: "none", typ: "at+jwt", kid: "key-1" })}.${encode(payload())}.`,
    ],
    ["alg None", () => `${encode({ alg: "None", typ: "at+jwt", kid: "key-1" })}.${encode(payload())}.`],
    [
      "HS256 with the public key as the secret",
      () => {
        const input = `${encode({ alg: "HS256", typ: "at+jwt", kid: "key-1" })}.${encode(payload())}`;
        const secret = ours.publicKey.export({ type: "spki", format: "pem" });
        return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
      },
    ],
    [
      "RS256 with a key of its own",
      () => {
        const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
        return jwt.sign(payload(), privateKey, { algorithm: "RS256", keyid: "key-1" });
      },
    ],
    ["another key under our id", () => forge({}, payload(), foreign)],
    ["another key that it brings along", () => forge({ jwk: foreign.jwk }, payload(), foreign)],
    [
      "another key to be fetched",
      () => forge({ jku: "https://evil.test/jwks.json", x5u: "https://evil.test/cert" }, payload(), foreign),
    ],
    ["an unknown key", () => forge({ kid: "key-2" })],
    ["a key id that is a path", () => forge({ kid: "../../../../dev/null" })],
    ["a key id of the prototype", () => forge({ kid: "__proto__" })],
    ["a key id that is no text", () => forge({ kid: { $ne: null } as never })],
    ["no key id", () => forge({ kid: undefined })],
    ["an extension that it calls critical", () => forge({ crit: ["exp"] })],
    ["another type of token", () => forge({ typ: "JWT" })],
    ["another issuer", () => forge({}, { ...payload(), iss: "https://evil.test" })],
    ["another audience", () => forge({}, { ...payload(), aud: "somebody" })],
    ["no audience", () => forge({}, { ...payload(), aud: undefined })],
    [
      "no end",
      () => {
        const { exp: _, ...endless } = payload();
        return forge({}, endless);
      },
    ],
    ["no tenant", () => forge({}, { ...payload(), tenant: undefined })],
    ["a scope that is a list", () => forge({}, { ...payload(), scope: ["admin"] })],
    ["a beginning that is still to come", () => forge({}, { ...payload(), nbf: NOW + 60 })],
  ])("%s is refused", async (_, token) => {
    expect(verify(token())).toBeUndefined();
  });

  test("a changed payload is refused", async () => {
    const [header, , signature] = signAccessToken(claims, ISSUER, ours).split(".");
    expect(verify(`${header}.${encode({ ...payload(), scope: "admin" })}.${signature}`)).toBeUndefined();
  });

  test("a key that our own token brings along is not looked at", async () => {
    expect(verify(forge({ jwk: foreign.jwk }))).toEqual(claims);
  });
});
