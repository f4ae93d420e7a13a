import { isPlatformName, platformIdentity } from "./platform-names.ts";

const service = (name: string, tenant: unknown = "demo") => ({ tenant, client: `service:${name}`, scopes: ["admin"] });
const operator = { tenant: "*", client: "operator:ada", scopes: ["admin", 7] };

test("a node speaks for the services of its account, for the tenant it names and with no scopes", () => {
  expect(platformIdentity("orders.n1", service("orders"), true)).toEqual({
    ...{ tenant: "demo", client: "service:orders", scopes: [] },
  });
  expect(platformIdentity("edge.n1", service("inventory", "*"), true)).toMatchObject({ client: "service:inventory" });
  expect(platformIdentity("orders-payments.n1", service("payments"), true)).toMatchObject({ tenant: "demo" });
});

test("the operators' account speaks for its people, and nobody else does", () => {
  expect(platformIdentity("operator.n1", operator, true)).toEqual({ ...operator, scopes: ["admin"] });
  expect(platformIdentity("orders.n1", operator, true)).toBeUndefined();
});

test.each([
  ["another service", "orders.n1", service("payments")],
  ["a service, at the operators' prompt", "operator.n1", service("orders")],
  ["a service whose name begins alike", "orders.n1", service("orders-payments")],
  ["a service without a name", "orders.n1", service("")],
  ["a client", "api.n1", { tenant: "demo", client: "demo-operator", scopes: ["admin"] }],
  ["a client with a token's id", "api.n1", { tenant: "demo", client: "x", scopes: [], tokenId: "t", expires: 9e9 }],
  ["a tenant that is none", "orders.n1", service("orders", ["demo"])],
  ["no tenant", "orders.n1", { client: "service:orders" }],
  ["nobody", "orders.n1", undefined],
  ["null", "orders.n1", null],
  ["a text", "orders.n1", "service:orders"],
])("who claims to be %s is nobody", (_, nodeId, claimed) => {
  expect(platformIdentity(nodeId, claimed, true)).toBeUndefined();
});

test("where NATS knows no accounts whoever is on it may be the platform, and no client", () => {
  expect(platformIdentity("waybill.n1", service("orders"), false)).toMatchObject({ client: "service:orders" });
  expect(platformIdentity("waybill.n1", { tenant: "demo", client: "x", scopes: ["admin"] }, false)).toBeUndefined();
});

test("names of the platform are known by their beginning", () => {
  expect(["service:orders", "operator:ada"].every(isPlatformName)).toBe(true);
  expect(["demo-shop", "services", "Service:x", ""].some(isPlatformName)).toBe(false);
});
