import { type Client, orderBody } from "../../support/client.ts";
import { ApiDocument } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { sendBytes } from "../../support/raw.ts";
import { isCustomers } from "../../support/routes.ts";
import { almighty, buildWorld, SKU, type World } from "../../support/samples.ts";
import { rowCounts } from "../../support/tables.ts";

jest.setTimeout(60_000);

const BAD_KEYS: readonly [name: string, key: string][] = [
  ["empty", ""],
  ["256 characters long", "k".repeat(256)],
  ["not ASCII", "kä"],
  ["a space within", "a key"],
  ["a tab within", "a\tkey"],
];
/** What stands in a path where an id should: none of it may be anything but not there. */
const BAD_IDS = [
  "x",
  "1",
  "null",
  "undefined",
  "%00",
  "%F0%28",
  "%",
  "%zz",
  "%ED%A0%80",
  "%C0%AE",
  "a%00b",
  "..%2f..%2fetc%2fpasswd",
  "%2e%2e",
  "%7B01900000-0000-7000-8000-000000000001%7D",
  "01900000-0000-7000-8000-00000000000",
  "01900000-0000-7000-8000-0000000000011",
  "01900000000070008000000000000001",
  "01900000-0000-7000-8000-000000000001%20",
  "01900000-0000-7000-8000-000000000001%0A",
  "'%20or%201=1--",
  "x".repeat(5_000),
];

describe("a request that is wrong", () => {
  let platform: TestPlatform;
  let operator: Client;
  let world: World;
  let document: ApiDocument;
  let before: Record<string, number>;
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    operator = await almighty(platform);
    world = await buildWorld(platform);
    document = await ApiDocument.load(operator);
    before = await rowCounts(platform.owner);
  });
  afterAll(async () => {
    await platform.stop();
  });
  afterEach(async () => {
    expect(await rowCounts(platform.owner)).toEqual(before);
  });

  const requiring = () =>
    [
      ["/api/v1/orders", orderBody()],
      [`/api/v1/inventory/${SKU}/adjust`, { delta: 1, reason: "found one" }],
    ] as const;

  describe("by its Idempotency-Key", () => {
    test("that is missing is a 400 where one is required", async () => {
      for (const [path, body] of requiring())
        expectProblem(await operator.post(path, body), 400, "IDEMPOTENCY_KEY_REQUIRED");
    });

    test.each(BAD_KEYS)("that is %s is a 400, also where none is required", async (_, key) => {
      for (const [path, body] of requiring())
        expectProblem(await operator.post(path, body, key), 400, "IDEMPOTENCY_KEY_REQUIRED");
      expectProblem(await operator.post("/api/v1/events/tickets", {}, key), 400);
      expectProblem(await operator.post(`/api/v1/orders/${world.order}/cancel`, {}, key), 400);
    });

    test.each([
      ["a control character", "Idempotency-Key: a\x01b\r\n"],
      ["a NUL", "Idempotency-Key: a\0b\r\n"],
      ["two of them", "Idempotency-Key: a\r\nIdempotency-Key: b\r\n"],
      ["bytes that are not UTF-8", Buffer.from([0xff]).toString("latin1")],
    ])("that has %s is a 400 problem", async (_, header) => {
      const line = header.startsWith("Idem") ? header : `Idempotency-Key: ${header}\r\n`;
      const body = JSON.stringify(orderBody());
      const head = `POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${operator.token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
      expectProblem(await sendBytes(platform.url, Buffer.from(`${head}${line}\r\n${body}`, "latin1")), 400);
    });
  });

  describe("by its path", () => {
    test("is a 404, the same as for what is not there", async () => {
      const known = Object.values(world);
      let asked = 0;
      // What is a customer's own has a test of its own: customer-addresses.test.ts.
      const operations = document.operations.filter(({ path }) => path.includes("{") && !isCustomers(path));
      for (const { method, path, name } of operations) {
        // A SKU may look like anything that its alphabet allows.
        const ids = path.includes("{sku}")
          ? BAD_IDS.filter((id) => !/^[\w.-]{1,64}$/.test(id.replaceAll("%2e", ".")))
          : BAD_IDS;
        for (const id of ids) {
          // The address may be no longer than with one of them.
          const wrong = path.replace(/\{\w+\}/, id).replace(/\{\w+\}/g, "en");
          const answer = await operator.send(method, wrong, {
            key: "a-key",
            ...(method !== "GET" && { body: {} }),
          });
          if (answer.status !== 404)
            throw new Error(`${name} with ${id.slice(0, 60)}: ${answer.status} ${answer.text}`);
          expectProblem(answer, 404, "NOT_FOUND");
          asked++;
        }
      }
      expect([asked > 200, known.length]).toEqual([true, 10]);
    });

    test.each([
      "/",
      "//",
      "/api",
      "/api/v1",
      "/api/v1/",
      "/api/v1//orders",
      "/api/v1/orders/../orders",
      "/api/v1/%6frders",
      "/API/V1/ORDERS",
      "/%00",
      "/%F0%28",
      "/api/v1/orders/%F0%28/cancel",
      "/..",
      "/../../etc/passwd",
      "/api/v1/orders\\..",
      `/${"a".repeat(10_000)}`,
      `/${"a/".repeat(4_000)}`,
    ])("%s is a 404", async (path) => {
      expectProblem(await operator.get(path), 404, "NOT_FOUND");
    });

    test("over the largest head is a 431, or a 404, with nothing hanging", async () => {
      expectProblem(await operator.get(`/api/v1/orders/${"x".repeat(20_000)}`), [404, 414, 431]);
    });
  });

  test.each(["PATCH", "OPTIONS", "PUT", "DELETE", "TRACE", "PROPFIND"])(
    "by its method %s is a 4xx problem",
    async (method) => {
      expectProblem(await operator.send(method, "/api/v1/orders"), [404, 405]);
    },
  );

  test("a HEAD is a GET without its body", async () => {
    const head = await operator.send("HEAD", `/api/v1/orders/${world.order}`);
    const get = await operator.get(`/api/v1/orders/${world.order}`);
    expect([head.status, head.text, head.headers.etag]).toEqual([200, "", get.headers.etag]);
  });

  test.each([
    ["garbage", "hello\r\n\r\n"],
    ["no host", "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"],
    ["two lengths", "POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"],
    [
      "a length and chunks",
      "POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a head over 16 kB", `GET /health HTTP/1.1\r\nHost: x\r\nX-Much: ${"x".repeat(70_000)}\r\n\r\n`],
    [
      "a chunk that is none",
      "POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
  ])("by being no HTTP, with %s, is a 4xx problem", async (_, bytes) => {
    expectProblem(await sendBytes(platform.url, bytes), [400, 401, 408, 431]);
  });
});
