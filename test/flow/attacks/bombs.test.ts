import { monitorEventLoopDelay } from "node:perf_hooks";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Client } from "../../support/client.ts";
import { withValue } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { buildWorld, type Sample, samplesOf } from "../../support/samples.ts";

jest.setTimeout(120_000);

describe("a body that costs more than it weighs", () => {
  let platform: TestPlatform;
  let operator: Client;
  let samples: Sample[];
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    operator = await platform.client("demo-operator");
    samples = samplesOf(await buildWorld(platform));
  });
  afterAll(async () => {
    await platform.stop();
  });

  const send = (raw: string | Buffer, headers: Record<string, string> = {}) =>
    operator.send("POST", "/api/v1/check-availability", { raw, headers });

  // Safeguard: the look at `content-encoding` in services/api/http/body.ts. Nothing is ever inflated.
  test("by being compressed is refused, whatever it would become", async () => {
    // A megabyte of this becomes a gigabyte.
    const small = gzipSync(Buffer.alloc(64 * 1_048_576));
    const bomb = Buffer.concat(Array(16).fill(small));
    expect([bomb.length > 1_000_000, bomb.length < 1_100_000]).toEqual([true, true]);
    for (const encoding of ["gzip", "x-gzip", "GZIP", "gzip, gzip", "identity, gzip", "deflate", "br", "zstd", "?"])
      expectProblem(await send(bomb, { "content-encoding": encoding }), 415, "UNSUPPORTED_MEDIA_TYPE");
    expectProblem(await send(brotliCompressSync(Buffer.alloc(1_000)), { "content-encoding": "br" }), 415);
    // Not said, it is only some bytes: too many, or no JSON.
    expectProblem(await send(bomb), 413, "BODY_TOO_LARGE");
    expectProblem(await send(gzipSync(Buffer.alloc(1_000_000))), 400, "MALFORMED_REQUEST");
  });

  // Safeguard: `DEEPEST` in services/api/http/json.ts; services/api/http/json.spec.ts shows that it is not even parsed.
  test("by its depth is refused", async () => {
    for (const bytes of ["[".repeat(50_000), "[".repeat(50_000) + "]".repeat(50_000), '{"a":'.repeat(50_000)])
      expectProblem(await send(bytes), 422, "VALIDATION_FAILED");
    const nested = `{"items":${"[".repeat(40)}${"]".repeat(40)}}`;
    expect((await send(nested)).body.errors[0].message).toMatch(/levels deep/);
  });

  // Safeguard: `MOST_VALUES` in services/api/http/json.ts.
  test("by its width is refused, and the list that is too long is named", async () => {
    for (const item of ["0", "{}", "[]", '""', '{"sku":"A","quantity":1}']) {
      const raw = `{"items":[${Array(Math.floor(250_000 / (item.length + 1)))
        .fill(item)
        .join(",")}]}`;
      const answer = await send(raw);
      expect(expectProblem(answer, 422, "VALIDATION_FAILED")).toEqual(["/items"]);
      expect(answer.body.errors[0].message).toMatch(/at most 10000 values/);
    }
    const members = Array.from({ length: 20_000 }, (_, n) => `"${n}":1`).join(",");
    expectProblem(await send(`{${members}}`), 422, "VALIDATION_FAILED");
  });

  // Safeguard: the count of members in services/api/http/json.ts.
  test("by naming a field twice is refused, and the field is named", async () => {
    const raw = '{"items":[{"sku":"SKU-COFFEE-1KG","quantity":1,"quantity":10000}]}';
    expect(expectProblem(await send(raw), 422, "VALIDATION_FAILED")).toEqual(["/items/0/quantity"]);
    const secret = '{"grant_type":"client_credentials","client_id":"demo-shop","client_id":"x","client_secret":"y"}';
    const token = await operator.send("POST", "/api/v1/auth/token", { raw: secret });
    expect([token.status, token.body.error]).toEqual([400, "invalid_request"]);
  });

  // Safeguard: `maxLength` of the contracts, and the bound of a body, which is why a text is never walked twice.
  test("by a text of 100 kB in any of its fields is refused, or taken as it is, by every route", async () => {
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const statuses = new Map<number, number>();
    const texts = ["x".repeat(100_000), "\u{1f680}".repeat(25_000), '\\"[{:,'.repeat(7_000), "a,".repeat(50_000)];
    for (const { method, path, body } of samples) {
      for (const [at, pointer] of pointers(body).entries()) {
        const long = texts[at % texts.length] as string;
        const answer = await operator.send(method, path, {
          body: withValue(body, pointer, long),
          key: `long-${at}-${path.length}`,
        });
        if (answer.status >= 500) throw new Error(`${method} ${path} ${pointer}: ${answer.status} ${answer.text}`);
        // What is refused is not sent back.
        if (answer.status >= 400) expect(answer.text.length).toBeLessThan(20_000);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      }
    }
    delay.disable();
    expect(statuses.get(422)).toBeGreaterThan(50);
    console.info(`event loop, longest delay: ${Math.round(delay.max / 1e6)} ms, of client and platform together`);
  });
});

function pointers(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  const segment = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(typeof inner === "object" ? [`${path}/${segment(name)}`] : []),
    ...pointers(inner, `${path}/${segment(name)}`),
  ]);
}
