import type { Identity } from "../../../platform/service.ts";
import { KnownTokens } from "./known-tokens.ts";

const NOW = Date.parse("2026-03-01T12:00:00.000Z");
const identity = (expires = NOW / 1_000 + 3_600): Identity => ({ tenant: "demo", client: "shop", scopes: [], expires });

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
});
afterEach(() => {
  jest.useRealTimers();
});

test("a token is known for a second, and not longer", async () => {
  const tokens = new KnownTokens();
  expect(await tokens.learn("t", async () => identity())).toEqual(identity());
  jest.setSystemTime(NOW + 999);
  expect(tokens.find("t")).toEqual(identity());
  expect(tokens.find("other")).toBeUndefined();
  jest.setSystemTime(NOW + 1_000);
  expect(tokens.find("t")).toBeUndefined();
});

test("a token is not known beyond its end", async () => {
  const tokens = new KnownTokens();
  await tokens.learn("t", async () => identity(NOW / 1_000 + 0.5));
  jest.setSystemTime(NOW + 499);
  expect(tokens.find("t")).toBeDefined();
  jest.setSystemTime(NOW + 500);
  expect(tokens.find("t")).toBeUndefined();
});

test("a refusal is not known", async () => {
  const tokens = new KnownTokens();
  await expect(tokens.learn("t", () => Promise.reject(new Error("no token")))).rejects.toThrow("no token");
  expect(tokens.find("t")).toBeUndefined();
});

test("after a revocation every token is asked about again, also one whose answer was on its way", async () => {
  const tokens = new KnownTokens();
  await tokens.learn("known", async () => identity());
  const answer = Promise.withResolvers<Identity>();
  const asked = tokens.learn("on its way", () => answer.promise);
  tokens.forget();
  answer.resolve(identity());
  expect(await asked).toEqual(identity());
  expect(tokens.find("known")).toBeUndefined();
  expect(tokens.find("on its way")).toBeUndefined();
});

test("of very many tokens the ones that were learnt last are known", async () => {
  const tokens = new KnownTokens();
  for (let i = 0; i <= 10_000; i++) await tokens.learn(`t${i}`, async () => identity());
  expect(tokens.find("t0")).toBeUndefined();
  expect(tokens.find("t1")).toBeDefined();
  expect(tokens.find("t10000")).toBeDefined();
});

test("who a token is cannot be changed by one of those who are told", async () => {
  const tokens = new KnownTokens();
  await tokens.learn("t", async () => identity());
  expect(() => (tokens.find("t") as unknown as { scopes: string[] }).scopes.push("admin")).toThrow(TypeError);
});
