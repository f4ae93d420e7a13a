import { RateLimit, type Standing, WINDOW_MS } from "./rate-limit.ts";
import type { Share, SharedWindows } from "./shared-windows.ts";

let now: number;
beforeEach(() => {
  now = 1_000;
});
const clock = () => now;

/** Asks so many times, one after the other, and answers how often it was allowed. */
async function allowed(limit: RateLimit, most: number, times: number, subject = "shop"): Promise<number> {
  const standings: Standing[] = [];
  for (let n = 0; n < times; n++) standings.push(await limit.take(subject, most));
  return standings.filter((standing) => standing.allowed).length;
}

/** A count that nodes share, as Redis keeps it; `away` while it cannot be asked. */
class Shared {
  readonly used = new Map<string, number>();
  asked = 0;
  away = false;

  async take(subject: string, limit: number): Promise<Share | undefined> {
    this.asked++;
    await new Promise(setImmediate);
    if (this.away) return undefined;
    const used = this.used.get(subject) ?? 0;
    const left = Math.max(0, limit - used);
    const granted = left === 0 ? 0 : Math.max(1, Math.floor(left / 20));
    this.used.set(subject, used + granted);
    return { granted, untaken: left - granted, endsInMs: WINDOW_MS };
  }
}
const nodeWith = (shared: Shared) => new RateLimit(shared as unknown as SharedWindows, clock);

describe("a node by itself", () => {
  test("lets as many through as the limit says, and says what is left and until when", async () => {
    const limit = new RateLimit(undefined, clock);
    expect(await limit.take("shop", 2)).toEqual({ allowed: true, limit: 2, remaining: 1, resetMs: WINDOW_MS });
    now += 10_000;
    expect(await limit.take("shop", 2)).toMatchObject({ allowed: true, remaining: 0 });
    expect(await limit.take("shop", 2)).toEqual({ allowed: false, limit: 2, remaining: 0, resetMs: 50_000 });
    expect(await limit.take("other", 2)).toMatchObject({ allowed: true });
  });

  test("begins anew when the minute is over", async () => {
    const limit = new RateLimit(undefined, clock);
    expect(await allowed(limit, 3, 5)).toBe(3);
    now += WINDOW_MS - 1;
    expect(await allowed(limit, 3, 1)).toBe(0);
    now += 1;
    expect(await allowed(limit, 3, 5)).toBe(3);
  });

  test("goes by a changed limit at once, and forgets nothing that was spent", async () => {
    const limit = new RateLimit(undefined, clock);
    expect(await allowed(limit, 5, 4)).toBe(4);
    expect(await allowed(limit, 3, 1)).toBe(0);
    expect(await allowed(limit, 10, 20)).toBe(6);
  });

  test("takes back what it is given back, and no more", async () => {
    const limit = new RateLimit(undefined, clock);
    expect(await allowed(limit, 1, 1)).toBe(1);
    limit.giveBack("shop");
    limit.giveBack("shop");
    limit.giveBack("nobody");
    expect(await allowed(limit, 1, 3)).toBe(1);
  });

  test("keeps no more than 50,000 subjects", async () => {
    const limit = new RateLimit(undefined, clock);
    for (let n = 0; n < 50_001; n++) await limit.take(`address ${n}`, 1);
    expect(await allowed(limit, 1, 1, "address 0")).toBe(1);
    expect(await allowed(limit, 1, 1, "address 50000")).toBe(0);
  });

  test("answers without a promise", () => {
    expect(new RateLimit(undefined, clock).take("shop", 1)).toMatchObject({ allowed: true });
  });
});

describe("nodes that share a count", () => {
  test.each([1, 10, 1_000])("let %i through together, and not one more", async (most) => {
    const shared = new Shared();
    const nodes = [nodeWith(shared), nodeWith(shared)];
    const standings = await Promise.all(
      nodes.flatMap((node) => Array.from({ length: 2 * most }, () => node.take("shop", most))),
    );
    expect(standings.filter((standing) => standing.allowed)).toHaveLength(most);
  });

  test("ask it for a small part of the requests", async () => {
    const shared = new Shared();
    expect(await allowed(nodeWith(shared), 100_000, 50_000)).toBe(50_000);
    expect(shared.asked).toBeLessThan(50);
  });

  test("do not ask again once it is used up", async () => {
    const shared = new Shared();
    const node = nodeWith(shared);
    await allowed(node, 10, 11);
    const before = shared.asked;
    expect(await allowed(node, 10, 1_000)).toBe(0);
    expect(shared.asked).toBe(before);
    expect(await allowed(node, 12, 5)).toBe(2);
  });

  test("count by themselves while it is away, what they have spent included, and share it again in the next minute", async () => {
    const shared = new Shared();
    const nodes = [nodeWith(shared), nodeWith(shared)] as const;
    expect(await allowed(nodes[0], 10, 4)).toBe(4);
    shared.away = true;
    expect([await allowed(nodes[0], 10, 20), await allowed(nodes[1], 10, 20)]).toEqual([6, 10]);
    shared.away = false;
    shared.used.clear();
    now += WINDOW_MS;
    expect((await allowed(nodes[0], 10, 20)) + (await allowed(nodes[1], 10, 20))).toBe(10);
  });
});
