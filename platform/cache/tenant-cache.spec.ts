import type { ActionSchema, Context } from "moleculer";
import { answered, cached, forgetting, type Store, tenantKey } from "./tenant-cache.ts";

const action = { name: "catalog.list" } as ActionSchema;

function ctx(tenant: string | undefined, params: object = {}, store?: Store): Context {
  return { action, params, meta: tenant ? { identity: { tenant } } : {}, broker: { cacher: store } } as never;
}

function memory(): Store & { readonly kept: Map<string, unknown> } {
  const kept = new Map<string, unknown>();
  return { kept, get: async (key) => kept.get(key), set: async (key, value) => void kept.set(key, value) };
}

const key = (tenant: string | undefined, params: object = {}) => tenantKey(action, {}, ctx(tenant, params) as never);

describe("the key of an answer", () => {
  test("differs by tenant and by params, and by nothing else", () => {
    expect(key("demo", { q: "a", limit: 2 })).toBe(key("demo", { limit: 2, q: "a" }));
    const keys = [
      key("demo"),
      key("acme"),
      key("demo", { q: "a" }),
      key("demo", { category: "a" }),
      key("demo", { q: 'a","category":"b' }),
      key("demo", { q: "a", category: "b" }),
      key("demo", { limit: "2" }),
      key("demo", { limit: 2 }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("begins with the tenant, and there is none without", () => {
    expect(key("demo")).toMatch(/^demo\//);
    expect([key(undefined), key("*")]).toEqual([null, null]);
  });
});

describe("an answer", () => {
  const ask = (store: Store, tenant: string | undefined, answer: () => Promise<unknown>) => {
    const asking = ctx(tenant);
    return answered(store, asking, tenantKey(action, {}, asking as never), answer);
  };
  const change = (store: Store, outcome = async () => {}) => {
    const { localAction } = forgetting as { localAction: (next: unknown, action: object) => (ctx: Context) => unknown };
    return localAction(outcome, { name: "catalog.update", forgets: true })(ctx("demo", {}, store));
  };

  test("is made once, for its tenant alone, until something is changed", async () => {
    const store = memory();
    expect(await ask(store, "demo", async () => "one")).toBe("one");
    expect(await ask(store, "demo", async () => "two")).toBe("one");
    expect(await ask(store, "acme", async () => "other")).toBe("other");
    await change(store);
    expect(await ask(store, "demo", async () => "three")).toBe("three");
    expect(await ask(store, "acme", async () => "four")).toBe("other");
  });

  test("that was read before a change is not found after it, however late it is kept", async () => {
    const store = memory();
    const late = Promise.withResolvers<string>();
    const asked = ask(store, "demo", () => late.promise);
    await new Promise(setImmediate);
    await change(store);
    late.resolve("before the change");
    expect(await asked).toBe("before the change");
    expect(await ask(store, "demo", async () => "after it")).toBe("after it");
  });

  test("is made anew after a change that failed: it may have been committed", async () => {
    const store = memory();
    await ask(store, "demo", async () => "one");
    await expect(change(store, () => Promise.reject(new Error("connection lost")))).rejects.toThrow("lost");
    expect(await ask(store, "demo", async () => "two")).toBe("two");
  });

  test("is not kept for nobody's tenant, nor when it is an error", async () => {
    const store = memory();
    await ask(store, "*", async () => "all tenants'");
    await ask(store, undefined, async () => "whose?");
    await expect(ask(store, "demo", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(store.kept.size).toBe(0);
  });

  test("comes all the same when the store fails", async () => {
    const broken: Store = {
      get: () => Promise.reject(new Error("away")),
      set: () => Promise.reject(new Error("away")),
    };
    expect(await ask(broken, "demo", async () => "one")).toBe("one");
    await change(broken);
  });
});

test("what needs scopes cannot be cached: the cache is asked before the scopes are", () => {
  const actions = { get: { scopes: ["orders:read"] } } as never;
  expect(() => cached(actions, { reads: ["get"], changes: [] } as never)).toThrow("needs scopes");
});
