import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingHttpHeaders, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../../moleculer.config.ts";
import { readConfig } from "../../platform/config.ts";
import { forbidden, notFound } from "../../platform/errors.ts";
import { newId } from "../../platform/ids.ts";
import type { Ctx, Identity } from "../../platform/service.ts";
import { TestIssuer } from "../../test/support/issuer.ts";
import { contract as orders } from "../orders/contract.ts";
import schema from "./api.service.ts";

const ID = "01930000-0000-7000-8000-000000000001";
const ABSENT = "01930000-0000-7000-8000-000000000002";
const issuer = new TestIssuer("http://127.0.0.1:3000");
const TOKENS: Record<string, Pick<Identity, "tenant" | "client" | "scopes" | "tokenId">> = {
  operator: { tenant: "demo", client: "demo-operator", scopes: ["orders:read", "orders:write", "admin"] },
  reader: { tenant: "demo", client: "reader", scopes: ["orders:read"] },
  writer: { tenant: "demo", client: "writer", scopes: ["orders:write"] },
};

/** What the actions were called with, and what they do instead of their usual answer. */
let calls: { name: string; params: unknown; meta: Ctx["meta"] }[];
let instead: Record<string, (ctx: Ctx) => unknown>;
let broker: ServiceBroker;
let port: number;

/** An action that notes its call; its params are checked as the contract says. */
function action(name: string, answer: (ctx: Ctx<{ id: string }>) => unknown, params?: object): object {
  return {
    visibility: "published",
    params: params ?? orders.actions[name.replace("orders.", "") as "get"]?.params,
    handler: async (ctx: Ctx<{ id: string }>) => {
      calls.push({ name, params: ctx.params, meta: { ...ctx.meta } });
      return (instead[name] ?? answer)(ctx as never);
    },
  };
}

const visible = (ctx: Ctx<{ id: string }>) => {
  if (ctx.params.id !== ID) throw notFound();
  return { id: ID };
};

function startNode(onPort = 0): ServiceBroker {
  const config = {
    ...readConfig({ DATABASE_URL: "unused", LOG_LEVEL: "fatal" }),
    http: { host: "127.0.0.1", port: onPort },
  };
  const node = new ServiceBroker({ ...brokerOptions(config), requestTimeout: 2_000 });
  node.createService({
    name: "auth",
    actions: {
      ...issuer.actions,
      issueToken: action("auth.issueToken", () => ({ access_token: "t" }), undefined) as never,
    },
  });
  node.createService({
    name: "orders",
    actions: {
      get: action("orders.get", (ctx) => {
        visible(ctx);
        ctx.meta.$responseHeaders = { ETag: '"7"' };
        return { id: ID, status: "PENDING" };
      }) as never,
      list: action("orders.list", () => ({ items: [], nextCursor: null })) as never,
      cancel: action("orders.cancel", (ctx) => ({ ...visible(ctx), cancelled: true })) as never,
      place: action("orders.place", () => ({ id: ID })) as never,
      visible: action("orders.visible", visible) as never,
      "log.head": () => 0,
      "log.read": () => [],
    },
  });
  node.createService(schema);
  return node;
}

beforeAll(async () => {
  broker = startNode();
  await broker.start();
  port = portOf(broker);
});

beforeEach(() => {
  calls = [];
  instead = {};
});

afterAll(async () => {
  await broker.stop();
});

function portOf(node: ServiceBroker): number {
  const { server } = node.getLocalService("api") as unknown as { server: Server };
  return (server.address() as AddressInfo).port;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the body holds
  readonly body: any;
}

/** The token of an identity by its name; any other text is no token. */
const tokenOf = (name: string) => (TOKENS[name] ? issuer.sign(TOKENS[name]) : name);

async function ask(
  method: string,
  path: string,
  {
    token = "operator",
    body,
    headers = {},
  }: { token?: string | null; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const sent = httpRequest({
    host: "127.0.0.1",
    port,
    method,
    path,
    agent: false,
    headers: {
      ...(token !== null && { authorization: `Bearer ${tokenOf(token)}` }),
      ...(text !== undefined && {
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(text)),
      }),
      ...headers,
    },
  });
  sent.end(text);
  const [response] = await once(sent, "response");
  let received = "";
  for await (const chunk of response.setEncoding("utf8")) received += chunk;
  const isJson = /json/.test(response.headers["content-type"] ?? "");
  return {
    status: response.statusCode,
    headers: response.headers,
    text: received,
    body: isJson && received !== "" ? JSON.parse(received) : undefined,
  };
}

/** Writes bytes to a socket and answers all that comes back until the other side closes it. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1").setEncoding("utf8");
  socket.write(bytes);
  let received = "";
  for await (const chunk of socket) received += chunk;
  return received;
}

const order = (id: string) => `/api/v1/orders/${id}`;

describe("the order of checks", () => {
  test.each([
    ["no token", "POST", `${order("x")}/cancel?x`, { token: null, body: "{" }, 401, "UNAUTHORIZED"],
    ["a token that is none", "POST", `${order("x")}/cancel?x`, { token: "x", body: "{" }, 401, "UNAUTHORIZED"],
    ["a token without the scope", "POST", `${order("x")}/cancel?x`, { token: "reader", body: "{" }, 403, "FORBIDDEN"],
    ["an id that is none", "POST", `${order("x")}/cancel?x`, { body: "{" }, 404, "NOT_FOUND"],
    ["a path that cannot be decoded", "POST", `${order("%F0%28")}/cancel?x`, { body: "{" }, 404, "NOT_FOUND"],
    ["an object that is not there", "POST", `${order(ABSENT)}/cancel?x`, { body: "{" }, 404, "NOT_FOUND"],
    [
      "the key",
      "POST",
      `${order(ID)}/cancel?x`,
      { body: "{", headers: { "idempotency-key": "a b" } },
      400,
      "IDEMPOTENCY_KEY_REQUIRED",
    ],
    ["the query", "POST", `${order(ID)}/cancel?x`, { body: "{" }, 422, "VALIDATION_FAILED"],
    ["the body", "POST", `${order(ID)}/cancel`, { body: "{" }, 400, "MALFORMED_REQUEST"],
    ["its members", "POST", `${order(ID)}/cancel`, { body: { reason: 5 } }, 422, "VALIDATION_FAILED"],
    ["the members of a query", "GET", `${order(ABSENT)}?version=x`, {}, 404, "NOT_FOUND"],
  ])("%s", async (_, method, path, options, status, code) => {
    const answer = await ask(method, path, options);
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.body).toMatchObject({
      status,
      code,
      type: `/docs/errors#${code}`,
      requestId: answer.headers["x-request-id"],
    });
    expect(calls.map(({ name }) => name)).not.toContain("orders.place");
  });

  test("who may change an object need not be allowed to read it to be told that it is not there", async () => {
    expect(await ask("POST", `${order(ABSENT)}/cancel`, { token: "writer", body: "{" })).toMatchObject({ status: 404 });
    expect(await ask("POST", `${order(ID)}/cancel`, { token: "writer", body: "{" })).toMatchObject({ status: 400 });
  });

  test("a 401 and a 403 say what is asked for", async () => {
    expect((await ask("GET", "/api/v1/orders", { token: null })).headers["www-authenticate"]).toBe(
      'Bearer realm="waybill"',
    );
    expect((await ask("GET", "/api/v1/orders", { token: "x" })).headers["www-authenticate"]).toContain(
      'error="invalid_token"',
    );
    const denied = await ask("GET", "/api/v1/orders", { token: "writer" });
    expect(denied.headers["www-authenticate"]).toContain('error="insufficient_scope", scope="orders:read"');
  });
});

describe("a call", () => {
  test("has the path and the body, or the query as the schema wants it", async () => {
    await ask("POST", `${order(ID)}/cancel`, { body: { reason: "why not" } });
    await ask("GET", "/api/v1/orders?limit=5&status=PENDING");
    expect(calls.map(({ name, params }) => [name, params])).toEqual([
      ["orders.cancel", { id: ID, reason: "why not" }],
      ["orders.list", { limit: 5, status: "PENDING" }],
    ]);
  });

  test("carries who asks, the key and the condition", async () => {
    const send = (reason: string) =>
      ask("POST", `${order(ID)}/cancel`, { body: { reason }, headers: { "idempotency-key": "k", "if-match": '"7"' } });
    await send("a");
    await send("a");
    await send("b");
    const [first, second, third] = calls.map(({ meta }) => meta);
    expect(first).toMatchObject({ identity: TOKENS.operator, ifMatch: '"7"' });
    expect(first?.idempotency).toMatchObject({ key: "k", route: "POST /orders/:id/cancel", action: "orders.cancel" });
    expect(second?.idempotency).toEqual(first?.idempotency);
    expect(third?.idempotency?.fingerprint).not.toBe(first?.idempotency?.fingerprint);
  });

  test("that makes something says where it is, and a repetition is marked and the same to the byte", async () => {
    instead["orders.place"] = (ctx) => {
      ctx.meta.$body = `{"id" : "${ID}"}`;
      ctx.meta.$replayed = true;
      return { id: ID };
    };
    const headers = { "idempotency-key": "k" };
    const body = {
      items: [{ sku: "A", quantity: 1 }],
      shippingAddress: { name: "A", line1: "B", city: "C", postalCode: "D", country: "DE" },
      paymentToken: "pm_card_visa",
    };
    const answer = await ask("POST", "/api/v1/orders", { body, headers });
    expect(answer).toMatchObject({ status: 201, text: `{"id" : "${ID}"}` });
    expect(answer.headers).toMatchObject({ location: `/api/v1/orders/${ID}`, "idempotency-replayed": "true" });
    delete instead["orders.place"];
    expect((await ask("POST", "/api/v1/orders", { body, headers })).headers).not.toHaveProperty("idempotency-replayed");
  });

  test("of a GET answers 304 to who has it already", async () => {
    const answer = await ask("GET", order(ID));
    expect(answer).toMatchObject({ status: 200, body: { id: ID } });
    expect(answer.headers.etag).toBe('"7"');
    expect(await ask("GET", order(ID), { headers: { "if-none-match": '"6", W/"7"' } })).toMatchObject({
      status: 304,
      text: "",
    });
    expect(await ask("GET", order(ID), { headers: { "if-none-match": '"6"' } })).toMatchObject({ status: 200 });
  });

  test("by HEAD has the headers alone", async () => {
    const answer = await ask("HEAD", order(ID));
    expect(answer).toMatchObject({ status: 200, text: "" });
    expect(Number(answer.headers["content-length"])).toBeGreaterThan(0);
  });

  test("that breaks tells nothing", async () => {
    instead["orders.list"] = () => {
      throw Object.assign(new Error("password hunter2"), { code: 418, data: { secret: 1 } });
    };
    const answer = await ask("GET", "/api/v1/orders");
    expect(answer).toMatchObject({ status: 500, body: { code: "INTERNAL_ERROR" } });
    expect(answer.text).not.toMatch(/hunter2|secret/);
  });

  test("that nobody answers is a 503", async () => {
    const answer = await ask("GET", "/api/v1/products");
    expect(answer).toMatchObject({ status: 503, body: { code: "UNAVAILABLE" } });
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  });

  test("is refused where the action runs as well", async () => {
    instead["orders.list"] = () => {
      throw forbidden();
    };
    expect(await ask("GET", "/api/v1/orders")).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
  });
});

describe("nothing else can be reached", () => {
  test.each([
    ["GET", "/"],
    ["GET", "/api"],
    ["GET", "/api/v1"],
    ["GET", "/api/v1/~node/options"],
    ["GET", "/~node/actions"],
    ["GET", "/api/v1/orders.get"],
    ["GET", "/api/v1/orders/log/head"],
    ["GET", "/api/v1/auth/revocations"],
    ["GET", "/api/v1/api/listAliases"],
    ["GET", "/list-aliases"],
    ["POST", "/api/v1/api/addRoute"],
    ["DELETE", "/api/v1/orders"],
    ["PATCH", order(ID)],
    ["OPTIONS", "/api/v1/orders"],
    ["TRACE", "/api/v1/orders"],
    ["GET", "/API/v1/orders"],
    ["GET", "//api/v1/orders"],
    ["GET", "/docs/package.json"],
    ["GET", "/docs/..%2f..%2fpackage.json"],
    ["GET", "/docs/__proto__"],
  ])("%s %s", async (method, path) => {
    const answer = await ask(method, path, { headers: { "access-control-request-method": "GET" } });
    expect(answer).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    expect(calls).toEqual([]);
  });

  test("moleculer-web publishes nothing of its own", async () => {
    for (const name of ["listAliases", "addRoute", "removeRoute"]) {
      await expect(broker.call(`api.${name}`)).rejects.toMatchObject({ type: "SERVICE_NOT_FOUND" });
    }
  });
});

describe("every answer", () => {
  test("has a request id: the client's, if it is safe in any log", async () => {
    const idOf = async (headers: Record<string, string>) =>
      (await ask("GET", "/health/live", { headers })).headers["x-request-id"];
    expect(await idOf({ "x-request-id": "my.Request_1-2" })).toBe("my.Request_1-2");
    for (const wrong of ["a b", "ä", "x".repeat(129), ""])
      expect(await idOf({ "x-request-id": wrong })).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf({ "x-correlation-id": "other" })).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("is for its reader alone", async () => {
    for (const path of ["/api/v1/orders", "/nothing", "/health/live"]) {
      expect((await ask("GET", path)).headers).toMatchObject({
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
      });
    }
  });
});

describe("what is no request gets a problem as well", () => {
  test.each([
    ["garbage", "garbage\r\n\r\n", 400, "MALFORMED_REQUEST"],
    ["headers over 16 kB", `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(17_000)}\r\n\r\n`, 431, "HEADERS_TOO_LARGE"],
    ["no host", "GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "MALFORMED_REQUEST"],
    [
      "two lengths",
      "POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
      400,
      "MALFORMED_REQUEST",
    ],
  ])("%s", async (_, bytes, status, code) => {
    const answer = await raw(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain("application/problem+json");
    expect(answer).toMatch(/x-request-id: [0-9a-f-]{36}/i);
    expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).toMatchObject({ status, code });
  });

  test("the absolute form of a target is the same target", async () => {
    expect(await raw("GET http://x/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 200 /,
    );
  });
});

describe("starting and stopping", () => {
  test("a port that is taken is said", async () => {
    const other = startNode(port);
    await expect(other.start()).rejects.toThrow(`Port ${port} of 127.0.0.1 is taken`);
    await other.stop();
  });

  test("a stop answers what is in hand, ends live feeds and closes idle connections", async () => {
    const node = startNode();
    await node.start();
    const before = port;
    port = portOf(node);
    const agent = new Agent({ keepAlive: true });
    const idle = httpRequest({ host: "127.0.0.1", port, path: "/health/live", agent }).end();
    (await once(idle, "response"))[0].resume();
    const feed = httpRequest({
      host: "127.0.0.1",
      port,
      path: "/api/v1/events",
      agent: false,
      headers: { authorization: `Bearer ${tokenOf("reader")}` },
    }).end();
    const [events] = await once(feed, "response");
    const ended = once(events.resume(), "end");
    let answer = () => {};
    const begun = new Promise<void>((resolve) => {
      instead["orders.list"] = () => {
        resolve();
        return new Promise((done) => {
          answer = () => done({ items: [], nextCursor: null });
        });
      };
    });
    const inHand = ask("GET", "/api/v1/orders");
    await begun;
    const stopped = node.stop();
    await ended;
    await expect(ask("GET", "/health/live")).rejects.toThrow("ECONNREFUSED");
    answer();
    expect(await inHand).toMatchObject({ status: 200, headers: { connection: "close" } });
    await stopped;
    agent.destroy();
    port = before;
  });
});

test("the token routes take forms and Basic, and answer as RFC 6749 says", async () => {
  const headers = { "content-type": "application/x-www-form-urlencoded", authorization: `Basic ${btoa("a:b")}` };
  const answer = await ask("POST", "/api/v1/auth/token", {
    token: null,
    body: "grant_type=client_credentials",
    headers,
  });
  expect(answer).toMatchObject({ status: 200, body: { access_token: "t" } });
  expect(answer.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
  expect(calls).toMatchObject([
    {
      params: { grant_type: "client_credentials", client_id: "a", client_secret: "b" },
      meta: { address: "127.0.0.1" },
    },
  ]);
  const wrong = await ask("POST", "/api/v1/auth/token", { token: null, body: "[" });
  expect(wrong).toMatchObject({
    status: 400,
    body: { error: "invalid_request", error_description: "The body is not JSON." },
  });
});

test("a token that is revoked is refused at once, although it was known", async () => {
  TOKENS.leaver = { tenant: "demo", client: "leaver", scopes: ["orders:read"], tokenId: "j" };
  const token = tokenOf("leaver");
  const get = () => ask("GET", order(ID), { token });
  expect(await get()).toMatchObject({ status: 200 });
  await broker.broadcast("auth.token_revoked", { jti: "j", exp: Date.now() });
  expect(await get()).toMatchObject({ status: 401, body: { code: "UNAUTHORIZED" } });
});

test("a live feed begins at once, and not without a token", async () => {
  expect(await ask("GET", "/api/v1/events", { token: null })).toMatchObject({ status: 401 });
  expect(await ask("GET", `${order(ABSENT)}/events`)).toMatchObject({ status: 404 });
  expect(await ask("GET", "/api/v1/events", { headers: { "last-event-id": newId() } })).toMatchObject({
    status: 400,
    body: { code: "CURSOR_EXPIRED" },
  });
  const feed = httpRequest({
    host: "127.0.0.1",
    port,
    path: `${order(ID)}/events`,
    agent: false,
    headers: { authorization: `Bearer ${tokenOf("reader")}` },
  }).end();
  const [events] = await once(feed, "response");
  expect(events.headers).toMatchObject({
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  expect(String((await once(events, "data"))[0])).toBe(":\n\n");
  events.destroy();
});

test("health and metrics name what does not answer", async () => {
  const health = await ask("GET", "/health/ready", { token: null });
  expect(health).toMatchObject({
    status: 503,
    body: { status: "down", dependencies: { payments: { status: "down" } } },
  });
  await ask("GET", "/api/v1/orders");
  const { text, headers } = await ask("GET", "/metrics", { token: null });
  expect(headers["content-type"]).toContain("text/plain");
  expect(text).toContain('waybill_domain_up{domain="payments"} 0');
  expect(text).toContain(
    'waybill_http_request_duration_seconds_count{route="/api/v1/orders",method="GET",status="200"}',
  );
  expect(text).toContain("process_cpu_user_seconds_total");
});

test("the documentation is served from here", async () => {
  const page = await ask("GET", "/docs", { token: null });
  expect(page.headers["content-type"]).toContain("text/html");
  expect(page.headers["content-security-policy"]).toContain("script-src 'self'");
  expect(page.text).not.toMatch(/https?:\/\/(?!localhost)|<script>/);
  for (const [, asset] of page.text.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)) {
    expect(await ask("GET", asset as string, { token: null })).toMatchObject({ status: 200 });
  }
  const zipped = await ask("GET", "/docs/swagger-ui-bundle.js", {
    token: null,
    headers: { "accept-encoding": "gzip" },
  });
  expect(zipped.headers["content-encoding"]).toBe("gzip");
  expect((await ask("GET", "/docs/errors", { token: null })).text).toContain('<tr id="OUT_OF_STOCK">');
  expect((await ask("GET", "/openapi.json", { token: null })).body).toMatchObject({ openapi: "3.1.0" });
});
