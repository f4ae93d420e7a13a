import type { Answer, Client } from "../../support/client.ts";
import { mismatches } from "../../support/json-schema.ts";
import { ApiDocument, type Field, withValue } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { almighty, buildWorld, type Sample, samplesOf } from "../../support/samples.ts";
import { rowCounts } from "../../support/tables.ts";

jest.setTimeout(120_000);

/** What is put in the place of every field; where the schema allows it, it is left out. */
const WRONG = [
  null,
  true,
  "",
  "x",
  " ",
  "1",
  0,
  -1,
  1.5,
  1e9,
  1e300,
  [],
  {},
  [null],
  { amount: 1 },
  "x".repeat(100_000),
];

describe("a field that is wrong", () => {
  let platform: TestPlatform;
  let operator: Client;
  let document: ApiDocument;
  let samples: Sample[];
  let before: Record<string, number>;
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    operator = await almighty(platform);
    document = await ApiDocument.load(operator);
    const all = samplesOf(await buildWorld(platform));
    samples = all.map((sample) =>
      sample.operation === "POST /api/v1/orders"
        ? { ...sample, body: { ...sample.body, expectedTotal: { amount: 1, currency: "EUR" } } }
        : sample,
    );
    before = await rowCounts(platform.owner);
  });
  afterAll(async () => {
    await platform.stop();
  });
  afterEach(async () => {
    expect(await rowCounts(platform.owner)).toEqual(before);
  });

  const send = ({ method, path }: Sample, body: unknown): Promise<Answer> =>
    operator.send(method, path, { body, key: "a-key" });

  /** Asks of every field of every sample; nobody may find that there were none. */
  async function eachField(look: (sample: Sample, field: Field) => Promise<void>): Promise<void> {
    let fields = 0;
    for (const sample of samples) {
      const { body } = document.operation(sample.operation);
      for (const field of body ? document.fields(body, sample.body) : []) {
        fields++;
        await look(sample, field);
      }
    }
    expect(fields).toBeGreaterThan(60);
  }

  const names = (answer: Answer, { path }: Field, what: string) => {
    const paths = expectProblem(answer, 422, "VALIDATION_FAILED");
    const named = paths.some((one) => one === path || one.startsWith(`${path}/`));
    if (!named) throw new Error(`${what}: ${path} is not among ${JSON.stringify(paths)}`);
  };

  test("by its type or its value is named", async () => {
    await eachField(async (sample, field) => {
      for (const value of WRONG) {
        if (mismatches(field.schema, value, (ref) => document.find(ref)).length === 0) continue;
        const what = `${sample.operation} with ${JSON.stringify(value).slice(0, 40)}`;
        names(await send(sample, withValue(sample.body, field.path, value)), field, what);
      }
    });
  });

  test("by being left out though it is required is named", async () => {
    await eachField(async (sample, field) => {
      if (!field.required) return;
      names(await send(sample, withValue(sample.body, field.path, undefined)), field, `${sample.operation} without`);
    });
  });

  test.each([
    ["NUL", "a\0b"],
    ["a lone high surrogate", "a\ud800b"],
    ["a lone low surrogate", "\udc00"],
  ])("by %s in a text is named, in texts of any depth", async (name, text) => {
    await eachField(async (sample, field) => {
      if (field.schema.type !== "string") return;
      names(await send(sample, withValue(sample.body, field.path, text)), field, `${sample.operation} with ${name}`);
    });
    const order = samples[0] as Sample;
    const inMetadata = await send(order, withValue(order.body, "/metadata/nested", { deep: [{ er: text }] }));
    expect(expectProblem(inMetadata, 422, "VALIDATION_FAILED")).toContain("/metadata/nested/deep/0/er");
  });

  test("by a member that nobody knows is named, at any depth", async () => {
    await eachField(async (sample, field) => {
      if (field.schema.additionalProperties !== false || field.schema.patternProperties) return;
      const body = withValue(sample.body, `${field.path}/nope`, 1);
      expect(expectProblem(await send(sample, body), 422, "VALIDATION_FAILED")).toContain(`${field.path}/nope`);
    });
  });
});
