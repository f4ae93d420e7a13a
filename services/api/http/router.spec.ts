import { Router } from "./router.ts";

const router = new Router<string>();
for (const route of [
  "GET /a",
  "POST /a",
  "GET /a/:id",
  "GET /a/user/:user",
  "GET /a/:order/b",
  "GET /a/user/list",
  "GET /",
]) {
  const [method, path] = route.split(" ") as [string, string];
  router.add(method, path, route);
}

test.each([
  ["GET", "/a", "GET /a", {}],
  ["POST", "/a", "POST /a", {}],
  ["GET", "/a/1", "GET /a/:id", { id: "1" }],
  ["GET", "/a/user", "GET /a/:id", { id: "user" }],
  ["GET", "/a/user/1", "GET /a/user/:user", { user: "1" }],
  ["GET", "/a/user/list", "GET /a/user/list", {}],
  ["GET", "/a/1/b", "GET /a/:order/b", { order: "1" }],
  ["GET", "/a/%2F/b", "GET /a/:order/b", { order: "%2F" }],
  ["GET", "/", "GET /", {}],
])("%s %s is %s", (method, path, target, params) => {
  expect(router.find(method, path)).toEqual({ target, params });
});

test.each([
  ["DELETE", "/a"],
  ["get", "/a"],
  ["GET", "/A"],
  ["GET", "/a/"],
  ["GET", "//a"],
  ["GET", "/a//b"],
  ["GET", "/a/1/c"],
  ["GET", "/a/1/b/2"],
  ["GET", "/:id"],
  ["GET", ""],
])("%s %s is nothing", (method, path) => {
  expect(router.find(method, path)).toBeUndefined();
});

test("one route is declared once", () => {
  expect(() => router.add("GET", "/a/:other", "x")).toThrow("declared twice");
});
