import type { Identity } from "../../../platform/service.ts";
import type { Exchange } from "../http/exchange.ts";
import { allRoutes, type Route } from "../routes.ts";
import type { KnownRules } from "./edge-rules.ts";
import { RequestLimits } from "./request-limits.ts";

const limits = { requests: 100, tenantRequests: 10, orders: 100, customerRequests: 6, customerOrders: 100 };
const rules = { of: () => ({ limits, origins: new Set() }) } as unknown as KnownRules;
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
