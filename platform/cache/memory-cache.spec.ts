import { ServiceBroker } from "moleculer";
import { MemoryCache } from "./memory-cache.ts";

let cache: MemoryCache;
beforeEach(() => {
  cache = new MemoryCache();
  cache.init(new ServiceBroker({ logger: false }));
});
afterEach(() => cache.close());

/** How many of some answers are still known. */
async function known(keys: readonly string[]): Promise<number> {
  const answers = await Promise.all(keys.map((key) => cache.get(key)));
  return answers.filter((answer) => answer !== undefined).length;
}

async function keep(count: number, length: number): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, i) => `key-${i}`);
  for (const key of keys) await cache.set(key, { text: "x".repeat(length) }, 30);
  return keys;
}

test("ten thousand answers are kept, the newest", async () => {
  const keys = await keep(15_000, 100);
  expect(await known(keys)).toBe(10_000);
  expect(await known(keys.slice(5_000))).toBe(10_000);
});

test("of large answers fewer are kept, 16 MB of them", async () => {
  const keys = await keep(40, 1_000_000);
  expect(await known(keys)).toBe(16);
  expect(await known(keys.slice(-16))).toBe(16);
});
