import { setTimeout as sleep } from "node:timers/promises";
import { TestIssuer } from "../../test/support/issuer.ts";
import type { Revocation } from "./revocations.ts";
import { type IdentitySource, type RevocationPlace, TokenVerifier } from "./token-verifier.ts";

const ISSUER = "https://waybill.test";

let issuer: TestIssuer;
let reads: { keys: number; revocations: (RevocationPlace | undefined)[] };
let isAway: boolean;

beforeEach(() => {
  issuer = new TestIssuer(ISSUER);
  reads = { keys: 0, revocations: [] };
  isAway = false;
});
afterEach(() => {
  jest.useRealTimers();
});

const source: IdentitySource = {
  keys: async () => {
    if (isAway) throw new Error("nobody is there");
    reads.keys++;
    return issuer.keys;
  },
  revocations: async (after) => {
    if (isAway) throw new Error("nobody is there");
    reads.revocations.push(after);
    return issuer.page;
  },
};

async function ready(): Promise<TokenVerifier> {
  const verifier = new TokenVerifier(ISSUER);
  verifier.readFrom(source);
  await verifier.read();
  return verifier;
}

const hours = (count: number) => Math.floor(Date.now() / 1_000) + count * 3_600;

test("a token is whose it says, and is looked at once", async () => {
  const verifier = await ready();
  const token = issuer.sign({ client: "demo-shop", customer: "ada", scopes: ["orders:read", "orders:write"] });
  const identity = await verifier.identify(token);
  expect(identity).toMatchObject({ tenant: "demo", client: "demo-shop", customer: "ada" });
  expect(identity?.scopes).toEqual(["orders:read", "orders:write"]);
  // At once, and the very same.
  expect(verifier.identify(token)).toBe(identity);
  expect(() => (identity as unknown as { scopes: string[] }).scopes.push("admin")).toThrow(TypeError);
});

test("a token that is known ends by its time all the same", async () => {
  const verifier = await ready();
  const token = issuer.sign();
  expect(await verifier.identify(token)).toBeDefined();
  verifier.now = () => Date.now() + 3_600_000;
  expect(verifier.identify(token)).toBeUndefined();
  expect(await verifier.identify(token)).toBeUndefined();
});

test("a token that is known ends by a revocation, of which those who listen hear once", async () => {
  const verifier = await ready();
  const told: string[] = [];
  verifier.onRevoked((id) => told.push(id));
  const token = issuer.sign({ tokenId: "t-1" });
  expect(await verifier.identify(token)).toBeDefined();
  const revocation: Revocation = { id: "t-1", exp: hours(1) };
  issuer.revoked.push(revocation);
  await verifier.read();
  verifier.revoke(revocation);
  await verifier.read();
  expect(await verifier.identify(token)).toBeUndefined();
  expect(told).toEqual(["t-1"]);
});

test("a token is not believed that was revoked before it was met", async () => {
  issuer.revoked.push({ id: "t-1", exp: hours(1) });
  const verifier = await ready();
  expect(await verifier.identify(issuer.sign({ tokenId: "t-1" }))).toBeUndefined();
  expect(await verifier.identify(issuer.sign({ claims: { sid: "t-1" } }))).toBeUndefined();
  expect(await verifier.identify(issuer.sign({ tokenId: "t-2" }))).toBeDefined();
});

test("what was revoked is read page by page, and from there on", async () => {
  const verifier = new TokenVerifier(ISSUER);
  const places: RevocationPlace[] = [1, 2, 3].map((n) => ({ at: String(n), id: String(n) }));
  const asked: unknown[] = [];
  verifier.readFrom({
    keys: async () => issuer.keys,
    revocations: async (after) => {
      asked.push(after);
      const n = Math.min(asked.length, 3);
      const next = places[n - 1] as RevocationPlace;
      return { revoked: [{ id: `t-${n}`, exp: hours(1) }], next, more: n < 3, kids: [issuer.kid] };
    },
  });
  await verifier.read();
  expect(verifier.revocations).toBe(3);
  await verifier.read();
  expect(asked).toEqual([undefined, places[0], places[1], places[2]]);
});

test("revocations are forgotten with the tokens that they end", async () => {
  const verifier = await ready();
  for (let n = 0; n < 1_000; n++) verifier.revoke({ id: `t-${n}`, exp: hours(n % 2 ? 1 : 3) });
  expect(verifier.revocations).toBe(1_000);
  verifier.now = () => Date.now() + 2 * 3_600_000;
  await verifier.read();
  expect(verifier.revocations).toBe(500);
});

test("a new key is looked for when it is met, and forged ones once a second", async () => {
  const verifier = await ready();
  issuer.rotate();
  const tokens = Array.from({ length: 20 }, () => issuer.sign());
  expect((await Promise.all(tokens.map((token) => verifier.identify(token)))).every(Boolean)).toBe(true);
  expect(reads.keys).toBe(2);
  const kid = issuer.rotate();
  const forged = issuer.sign();
  issuer.drop(kid);
  expect(await verifier.identify(forged)).toBeUndefined();
  expect(reads.keys).toBe(2);
});

test("a key that is shown before it signs is known when it is met", async () => {
  const verifier = await ready();
  issuer.rotate();
  await verifier.read();
  expect(reads.keys).toBe(2);
  expect(await verifier.identify(issuer.sign())).toBeDefined();
  await verifier.read();
  expect(reads.keys).toBe(2);
});

test("a key that is taken out of use ends the tokens that are known by it", async () => {
  const verifier = await ready();
  const [old, token] = [issuer.kid, issuer.sign()];
  expect(await verifier.identify(token)).toBeDefined();
  issuer.rotate();
  await verifier.read();
  expect(await verifier.identify(token)).toBeDefined();
  issuer.drop(old);
  await verifier.read();
  expect(await verifier.identify(token)).toBeUndefined();
});

test.each([
  ["another audience", { aud: "elsewhere" }],
  ["another issuer", { iss: "https://evil.test" }],
  ["an end in the past", { exp: hours(-1) }],
  ["a beginning in the future", { nbf: hours(1) }],
  ["the name of a service", { client_id: "service:orders" }],
  ["the name of an operator", { client_id: "operator:root" }],
  ["no tenant", { tenant: undefined }],
])("a token with %s is nobody's, though it is signed", async (_, claims) => {
  const verifier = await ready();
  expect(await verifier.identify(issuer.sign({ claims }))).toBeUndefined();
});

test("as long as nothing was read nobody is let in, nor turned away as if the token were wrong", async () => {
  jest.useFakeTimers();
  const verifier = new TokenVerifier(ISSUER);
  verifier.readFrom(source);
  expect(await verifier.identify("no token")).toBeUndefined();
  const asked = expect(verifier.identify(issuer.sign())).rejects.toMatchObject({ type: "UNAVAILABLE", status: 503 });
  await jest.advanceTimersByTimeAsync(3_000);
  await asked;
});

test("a token that comes a moment too early waits", async () => {
  const verifier = new TokenVerifier(ISSUER);
  verifier.readFrom(source);
  const asked = verifier.identify(issuer.sign());
  await sleep(20);
  await verifier.read();
  expect(await asked).toBeDefined();
});

test("when a key cannot be looked for, its token may be a good one", async () => {
  const verifier = await ready();
  isAway = true;
  issuer.rotate();
  await expect(verifier.identify(issuer.sign())).rejects.toMatchObject({ type: "UNAVAILABLE" });
});

test("after five seconds without an answer it is not known any more what was revoked", async () => {
  jest.useFakeTimers();
  expect(new TokenVerifier(ISSUER).isFresh).toBe(false);
  const verifier = await ready();
  const token = issuer.sign();
  isAway = true;
  jest.advanceTimersByTime(4_900);
  await expect(verifier.read()).rejects.toThrow("nobody");
  expect(verifier.isFresh).toBe(true);
  jest.advanceTimersByTime(200);
  expect(verifier.isFresh).toBe(false);
  // Whose a token is is known all the same.
  expect(await verifier.identify(token)).toBeDefined();
  isAway = false;
  await verifier.read();
  expect(verifier.isFresh).toBe(true);
});

test("who needs to know has it asked anew, once for all of them, and not at once again in vain", async () => {
  jest.useFakeTimers();
  const verifier = await ready();
  const before = reads.revocations.length;
  jest.advanceTimersByTime(6_000);
  expect(verifier.isFresh).toBe(false);
  // As after a while in which this process had no time for anything.
  expect(await Promise.all([verifier.freshened(), verifier.freshened(), verifier.read()])).toEqual([
    true,
    true,
    undefined,
  ]);
  expect(reads.revocations.length).toBe(before + 1);
  isAway = true;
  jest.advanceTimersByTime(6_000);
  expect(await Promise.all([verifier.freshened(), verifier.freshened()])).toEqual([false, false]);
  isAway = false;
  expect(await verifier.freshened()).toBe(false);
  jest.advanceTimersByTime(500);
  expect(await verifier.freshened()).toBe(true);
});
