import { request } from "node:http";
import { Client, type Send } from "../../support/client.ts";
import { ApiDocument } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { almighty, buildWorld, type Sample, samplesOf, type World } from "../../support/samples.ts";
import { rowCounts } from "../../support/tables.ts";

jest.setTimeout(120_000);

const JSON_TYPE = { "content-type": "application/json" };
/** Bodies that are wrong whatever the route: what is sent, the status, the code, the field that is named. */
const WRONG: readonly [name: string, send: Send, status: number, code: string, path?: string][] = [
  ["cut JSON", { raw: '{"a":', headers: JSON_TYPE }, 400, "MALFORMED_REQUEST"],
  ["JSON in single quotes", { raw: "{'a': 1}", headers: JSON_TYPE }, 400, "MALFORMED_REQUEST"],
  ["JSON with more behind it", { raw: "{} {}", headers: JSON_TYPE }, 400, "MALFORMED_REQUEST"],
  ["NaN", { raw: '{"a": NaN}', headers: JSON_TYPE }, 400, "MALFORMED_REQUEST"],
  ["a NUL byte", { raw: "\0", headers: JSON_TYPE }, 400, "MALFORMED_REQUEST"],
  ["white space alone", { raw: "  ", headers: JSON_TYPE }, 400, "MALFORMED_REQUEST"],
  [
    "bytes that are not UTF-8",
    { raw: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), headers: JSON_TYPE },
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "a surrogate encoded as UTF-8",
    { raw: Buffer.from('{"a":"\xed\xa0\x80"}', "latin1"), headers: JSON_TYPE },
    400,
    "MALFORMED_REQUEST",
  ],
  ["a list", { raw: "[]", headers: JSON_TYPE }, 422, "VALIDATION_FAILED", ""],
  ["a number", { raw: "1", headers: JSON_TYPE }, 422, "VALIDATION_FAILED", ""],
  ["a string", { raw: '"order"', headers: JSON_TYPE }, 422, "VALIDATION_FAILED", ""],
  ["null", { raw: "null", headers: JSON_TYPE }, 422, "VALIDATION_FAILED", ""],
  ["an unknown field", { body: { nope: 1 } }, 422, "VALIDATION_FAILED", "/nope"],
  ["an unknown field with a name for a pointer", { body: { "a/b~c": 1 } }, 422, "VALIDATION_FAILED", "/a~1b~0c"],
  ["a __proto__", { raw: '{"__proto__":{"admin":true}}', headers: JSON_TYPE }, 422, "VALIDATION_FAILED", "/__proto__"],
  ["a constructor", { body: { constructor: { prototype: {} } } }, 422, "VALIDATION_FAILED", "/constructor"],
  ["a field whose name has a NUL", { body: { "a\0b": 1 } }, 422, "VALIDATION_FAILED"],
  [
    "a nesting of 100,000 levels",
    { raw: `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, headers: JSON_TYPE },
    422,
    "VALIDATION_FAILED",
  ],
  ["text", { raw: "{}", headers: { "content-type": "text/plain" } }, 415, "UNSUPPORTED_MEDIA_TYPE"],
  ["XML", { raw: "<order/>", headers: { "content-type": "application/xml" } }, 415, "UNSUPPORTED_MEDIA_TYPE"],
  [
    "a form",
    { raw: "a=1", headers: { "content-type": "application/x-www-form-urlencoded" } },
    415,
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  [
    "another charset",
    { raw: "{}", headers: { "content-type": "application/json; charset=latin1" } },
    415,
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  ["no content type that can be read", { raw: "{}", headers: { "content-type": ";;" } }, 415, "UNSUPPORTED_MEDIA_TYPE"],
  [
    "a compressed body",
    { raw: Buffer.from([31, 139, 8, 0]), headers: { ...JSON_TYPE, "content-encoding": "gzip" } },
    415,
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  ["10 MB", { raw: JSON.stringify({ a: "x".repeat(10_000_000) }) }, 413, "BODY_TOO_LARGE"],
  ["a byte over 256 kB", { raw: JSON.stringify({ a: "x".repeat(256 * 1024 - 7) }) }, 413, "BODY_TOO_LARGE"],
];

describe("a body that is wrong", () => {
  let platform: TestPlatform;
  let operator: Client;
  let world: World;
  let samples: Sample[];
  let before: Record<string, number>;
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    operator = await almighty(platform);
    world = await buildWorld(platform);
    samples = samplesOf(world);
    before = await rowCounts(platform.owner);
  });
  afterAll(async () => {
    await platform.stop();
  });
  afterEach(async () => {
    expect(await rowCounts(platform.owner)).toEqual(before);
  });

  const send = (client: Client, sample: Sample, what: Send) =>
    client.send(sample.method, sample.path, { key: "a-key", ...what });

  test("the samples are all the routes with a body that the document has", async () => {
    const document = await ApiDocument.load(operator);
    const withBody = document.operations.filter(
      ({ method, name }) =>
        /POST|PUT/.test(method) &&
        // What is a customer's own takes a customer's token: customer-profiles.test.ts, customer-addresses.test.ts and
        // wishes.test.ts. The body of unsubscribing is not read.
        !/\/(auth|users)\/|\/preferences$|\/unsubscribe$/.test(name),
    );
    expect(samples.map((sample) => sample.operation).sort()).toEqual(withBody.map(({ name }) => name).sort());
  });

  test.each(WRONG)("%s is refused on every route and leaves no trace", async (...[, what, status, code, path]) => {
    for (const sample of samples) {
      const paths = expectProblem(await send(operator, sample, what), status, code);
      if (path !== undefined)
        expect([sample.operation, paths]).toEqual([sample.operation, expect.arrayContaining([path])]);
    }
  });

  test("10 MB in chunks, without a length, are refused on every route", async () => {
    for (const { method, path } of samples) expectProblem(await sendChunks(method, path), 413, "BODY_TOO_LARGE");
  });

  test("a __proto__ at any depth is named", async () => {
    const body = JSON.stringify(samples[0]?.body)
      .replace('"sku"', '"__proto__":{"quantity":1},"sku"')
      .replace('"cart"', '"__proto__":{},"cart"');
    const paths = expectProblem(
      await operator.send("POST", "/api/v1/orders", { raw: body, key: "deep" }),
      422,
      "VALIDATION_FAILED",
    );
    expect(paths).toEqual(expect.arrayContaining(["/items/0/__proto__", "/metadata/__proto__"]));
    expect(({} as Record<string, unknown>).quantity).toBeUndefined();
  });

  describe("is looked at last", () => {
    const bodies: [string, Send][] = [
      ["malformed", { raw: "{", headers: JSON_TYPE }],
      ["unknown fields", { body: { nope: 1 } }],
      ["too large", { raw: JSON.stringify({ a: "x".repeat(300_000) }) }],
      ["no JSON", { raw: "x", headers: { "content-type": "text/plain" } }],
      ["a malformed key", { body: {}, key: "ä" }],
    ];

    test.each(bodies)("behind a missing token: %s", async (_, what) => {
      const nobody = new Client(platform.url);
      for (const sample of samples) expectProblem(await send(nobody, sample, what), 401, "UNAUTHORIZED");
    });

    test.each(bodies)("behind a missing scope: %s", async (_, what) => {
      const courier = await platform.client("demo-courier");
      const shop = await platform.client("demo-shop");
      for (const sample of samples.filter(({ scope }) => scope)) {
        const client = sample.scope?.startsWith("delivery") ? shop : courier;
        expectProblem(await send(client, sample, what), 403, "FORBIDDEN");
      }
    });

    test.each(bodies)("behind an object that is another tenant's: %s", async (_, what) => {
      const stranger = await platform.client("acme-operator");
      // Acme sells the coffee too.
      for (const sample of samples.filter(({ owned, operation }) => owned && !operation.includes("/inventory/"))) {
        expectProblem(await send(stranger, sample, what), 404, "NOT_FOUND");
      }
    });

    test.each(bodies)("behind an object that does not exist: %s", async (_, what) => {
      const { order, shipment, product, deadLetter, message, client, customer, webhook } = world;
      const ids = [order, shipment, product, deadLetter, message, client, customer, webhook, "SKU-COFFEE-1KG"];
      for (const sample of samples.filter(({ owned }) => owned)) {
        const path = ids.reduce((all, id) => all.replace(id, "01900000-0000-7000-8000-00000000dead"), sample.path);
        expectProblem(await send(operator, { ...sample, path }, what), 404, "NOT_FOUND");
      }
    });
  });

  function sendChunks(method: string, path: string): ReturnType<Client["send"]> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(platform.url);
      const headers = {
        ...JSON_TYPE,
        authorization: `Bearer ${operator.token}`,
        "idempotency-key": "chunks",
        "transfer-encoding": "chunked",
      };
      const sent = request({ host: hostname, port, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode as number, headers: response.headers, text, body: JSON.parse(text) });
        });
      });
      sent.on("error", reject);
      sent.write('{"a":"');
      for (let i = 0; i < 100; i++) sent.write("x".repeat(100_000));
      sent.end('"}');
    });
  }
});
