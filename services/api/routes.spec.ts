import { Type } from "@sinclair/typebox";
import type { ActionContract, Contract } from "../../platform/contracts.ts";
import { Id, object } from "../../platform/schema.ts";
import { ownRoutes } from "./own-routes.ts";
import { allRoutes, routesOf } from "./routes.ts";

const find = (declared: string) => allRoutes.find(({ rest }) => rest.route === declared);

/** A contract of one action beside `things.get`. */
function withAction(action: ActionContract): Contract {
  const get: ActionContract = {
    rest: { route: "GET /things/:id", tag: "Things", summary: "A thing", scopes: ["orders:read"] },
    params: object({ id: Id }),
    result: Type.Null(),
  };
  return { domain: "things", actions: { get, other: action }, events: {} };
}

const rest = { tag: "Things", summary: "Another", scopes: [] } as const;

test("routes lie below the base path, but for those at the root", () => {
  expect(find("POST /orders")?.path).toBe("/api/v1/orders");
  expect(find("GET /health")?.path).toBe("/health");
});

test("one route is one action", () => {
  const routes = allRoutes.map(({ rest }) => rest.route);
  expect(new Set(routes).size).toBe(routes.length);
});

test("every route that the gateway serves itself is declared", () => {
  for (const action of Object.keys(ownRoutes)) expect(allRoutes.map((route) => route.action)).toContain(action);
});

test("what was made is found where its route says", () => {
  expect(find("POST /orders")?.location).toBe("/api/v1/orders/");
  expect(find("POST /products")?.location).toBe("/api/v1/products/");
  expect(find("POST /events/tickets")?.location).toBeUndefined();
});

test("a query's members are read as the schema has them, a body has none", () => {
  expect(find("GET /orders")?.query.get("limit")).toBe("integer");
  expect(find("GET /orders")?.query.get("status")).toBe("text");
  expect(find("GET /orders/:id")?.query.has("id")).toBe(false);
  expect(find("POST /orders")?.query.size).toBe(0);
});

test("every route with an id in its path knows who says whether the object is there", () => {
  const without = allRoutes
    .filter(({ pathParams, exists }) => pathParams.length > 0 && !exists)
    .map(({ rest }) => rest.route);
  // It makes the SKU's stock when there is none, as a tenant may give any message words of its own.
  const template = "/notifications/templates/:type/:medium/:language";
  expect(without).toEqual(["PUT /inventory/:sku", `PUT ${template}`, `DELETE ${template}`, `POST ${template}/preview`]);
});

test("parameters are handed on by their place, under the names of the action that is asked", () => {
  expect(find("POST /delivery/shipment/:shipmentId/status")?.exists).toEqual({
    action: "delivery.visible",
    names: ["id"],
  });
  expect(find("GET /orders/:id/events")?.exists).toEqual({ action: "orders.visible", names: ["id"] });
});

test("a GET asks itself", () => {
  expect(find("GET /orders/:id/history")?.exists).toEqual({
    action: "orders.history",
    names: ["id"],
  });
});

test("a contract that cannot be served is refused at the start", () => {
  const unknown = {
    rest: { ...rest, route: "POST /things/:id/x", existsBy: "things.nobody" },
    params: object({ id: Id }),
    result: Type.Null(),
  };
  expect(() => routesOf([withAction(unknown as never)])).toThrow("things.nobody");
  const nameless = {
    rest: { ...rest, route: "POST /things/:thing/x" },
    params: object({ id: Id }),
    result: Type.Null(),
  };
  expect(() => routesOf([withAction(nameless as never)])).toThrow("no parameter thing");
});
