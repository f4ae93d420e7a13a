import type { Identity } from "../../../platform/service.ts";
import type { Exchange } from "../http/exchange.ts";
import { allRoutes, type Route } from "../routes.ts";
import type { KnownRules } from "./edge-rules.ts";
import { RequestLimits } from "./request-limits.ts";

const limits = { requests: 100, tenantRequests: 10, orders: 100, customerRequests: 6, customerOrders: 100 };
const rulesOf = (limits: object, areRead = true) =>
  ({ of: () => ({ limits, origins: new Set(), areRead }) }) as unknown as KnownRules;
const rules = rulesOf(limits);
const route = allRoutes.find(({ method, path }) => method === "GET" && path === "/api/v1/orders") as Route;

/** Of so many requests of a caller, how many were let through. */
async function letThrough(counted: RequestLimits, count: number, customer?: string): Promise<number> {
  const identity: Identity = { tenant: "demo", client: "demo-shop", scopes: [], ...(customer && { customer }) };
  let through = 0;
  for (let n = 0; n < count; n++) {
    const isThrough = counted.countCaller({} as Exchange, identity, route).then(
      () => 1,
      () => 0,
    );
    through += await isThrough;
  }
  return through;
}

test("who is refused for themselves takes nothing from what the tenant's callers have together", async () => {
  const counted = new RequestLimits(rules, 100, undefined);
  expect(await letThrough(counted, 50, "ada")).toBe(6);
  expect(await letThrough(counted, 3, "grace")).toBe(3);
  expect(await letThrough(counted, 3)).toBe(1);
});

test("what is told of a limit is the caller's own, as long as the tenant's holds", async () => {
  const counted = new RequestLimits(rules, 100, undefined);
  const exchange = {} as Exchange;
  await counted.countCaller(exchange, { tenant: "demo", client: "demo-shop", customer: "ada", scopes: [] }, route);
  expect(exchange.standing).toMatchObject({ limit: 6, remaining: 5 });
});

test("a gateway that has not read the record is not held up by what another has taken by it", async () => {
  const used = new Map<string, number>();
  // As Redis counts: a share of what is left, for all gateways together.
  const evaluate = async (_text: string, _keys: number, key: string, limit: number) => {
    const left = Math.max(0, limit - (used.get(key) ?? 0));
    const share = Math.min(left, 1_000, Math.max(1, Math.floor(left / 20)));
    used.set(key, (used.get(key) ?? 0) + share);
    return [share, left - share, 60_000];
  };
  const redis = { ask: (question: (client: object) => Promise<unknown>) => question({ eval: evaluate }) } as never;
  const plenty = { ...limits, requests: 1_000_000, tenantRequests: 1_000_000 };
  const few = { ...limits, requests: 20, tenantRequests: 20 };
  expect(await letThrough(new RequestLimits(rulesOf(plenty), 100, redis), 50)).toBe(50);
  const another = new RequestLimits(rulesOf(few, false), 100, redis);
  expect(await letThrough(another, 30)).toBe(20);
});
