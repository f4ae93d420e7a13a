import fc from "fast-check";
import type { Answer, Client } from "../../support/client.ts";
import { withValue } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { almighty, buildWorld, type Sample, samplesOf } from "../../support/samples.ts";

/**
 * More runs and other seeds: `FUZZ_RUNS=20000 FUZZ_SEED=7 npm run test:fuzz`. A cluster has the same gateway: there it is
 * seen that what comes through does no harm behind the bus either.
 */
const RUNS = Number(process.env.FUZZ_RUNS ?? (process.env.PLATFORM === "cluster" ? 150 : 400));
const SEED = Number(process.env.FUZZ_SEED ?? 20261121);

jest.setTimeout(120_000 + RUNS * 100);

/** Texts and numbers that have broken servers before. */
const nasty = fc.constantFrom<unknown>(
  "\0",
  "\ud800",
  "\u202e",
  "__proto__",
  "' or 1=1 --",
  "{{7*7}}",
  "../../etc/passwd",
  "x".repeat(5_000),
  "2026-13-45T99:99:99Z",
  -0,
  2 ** 31,
  2 ** 53,
  1e308,
  -1e-308,
);
const value = fc.oneof(
  nasty,
  fc.jsonValue({ maxDepth: 3, noUnicodeString: false } as never),
  fc.string({ unit: "binary", maxLength: 50 }),
);

/** A change to a body: another value, nothing, one more member, or one that stands somewhere else. */
type Mutation =
  | { readonly kind: "replace"; readonly at: number; readonly by: unknown }
  | { readonly kind: "remove"; readonly at: number }
  | { readonly kind: "add"; readonly at: number; readonly name: string; readonly by: unknown }
  | { readonly kind: "copy"; readonly at: number; readonly to: number };
const place = fc.nat({ max: 100 });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("replace" as const), at: place, by: value }),
  fc.record({ kind: fc.constant("remove" as const), at: place }),
  fc.record({ kind: fc.constant("add" as const), at: place, name: fc.string({ maxLength: 20 }), by: value }),
  fc.record({ kind: fc.constant("copy" as const), at: place, to: place }),
);

describe("a body that chance has changed", () => {
  let platform: TestPlatform;
  let operator: Client;
  let samples: Sample[];
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    operator = await almighty(platform);
    samples = samplesOf(await buildWorld(platform));
  });
  afterAll(async () => {
    await platform.stop();
  });

  const fine = (answer: Answer) => {
    if (answer.status >= 500) throw new Error(`${answer.status} ${answer.text}`);
    if (answer.status >= 400) expectProblem(answer, answer.status);
  };

  test(`gets an answer of 2xx or a problem of 4xx, whatever the route (${RUNS} runs, seed ${SEED})`, async () => {
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(
        place,
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.uuid(),
        async (route, mutations, key) => {
          const sample = samples[route % samples.length] as Sample;
          const body = mutations.reduce<unknown>((changed, one) => mutated(changed, one), sample.body);
          const answer = await operator.send(sample.method, sample.path, {
            body: body === undefined ? null : body,
            key,
          });
          seen.add(answer.status);
          fine(answer);
        },
      ),
      { numRuns: RUNS, seed: SEED },
    );
    // Both sides of the border were visited.
    expect([...seen]).toEqual(expect.arrayContaining([200, 422]));
  });

  test(`or whose bytes chance has changed does as well (${RUNS} runs, seed ${SEED})`, async () => {
    const splice = fc.record({
      at: fc.nat({ max: 1_000 }),
      cut: fc.nat({ max: 5 }),
      bytes: fc.uint8Array({ maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(
        place,
        fc.array(splice, { minLength: 1, maxLength: 3 }),
        fc.uuid(),
        async (route, splices, key) => {
          const sample = samples[route % samples.length] as Sample;
          const raw = splices.reduce(
            (bytes, { at, cut, bytes: put }) => {
              const from = at % (bytes.length + 1);
              return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)]);
            },
            Buffer.from(JSON.stringify(sample.body)),
          );
          fine(await operator.send(sample.method, sample.path, { raw, key }));
        },
      ),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test("and the platform is as it was: it takes orders, and nothing is parked or stuck", async () => {
    const sample = samples[0] as Sample;
    expect((await operator.send("POST", sample.path, { body: sample.body, key: "afterwards" })).status).toBe(201);
    expect((await operator.get("/health/ready")).status).toBe(200);
    const { rows } = await platform.owner.query(
      "select count(*)::int as count from orders.processes where error not like '%the bank is closed'",
    );
    expect(rows[0].count).toBe(0);
  });
});

function mutated(body: unknown, mutation: Mutation): unknown {
  const all = pointers(body);
  const at = all[mutation.at % all.length] as string;
  switch (mutation.kind) {
    case "replace":
      return withValue(body, at, structuredClone(mutation.by));
    case "remove":
      return withValue(body, at, undefined);
    case "add": {
      const parent = found(body, at);
      if (typeof parent !== "object" || parent === null) return body;
      const name = Array.isArray(parent) ? String(parent.length) : mutation.name;
      return withValue(body, `${at}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`, structuredClone(mutation.by));
    }
    case "copy":
      return withValue(body, all[mutation.to % all.length] as string, structuredClone(found(body, at)));
    default:
      return mutation satisfies never;
  }
}

function pointers(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  const segment = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");
  return [path, ...Object.entries(value).flatMap(([name, inner]) => pointers(inner, `${path}/${segment(name)}`))];
}

function found(body: unknown, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .reduce<unknown>(
      (inner, name) => (inner as Record<string, unknown>)?.[name.replaceAll("~1", "/").replaceAll("~0", "~")],
      body,
    );
}
