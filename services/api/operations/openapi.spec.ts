import { execFileSync } from "node:child_process";
import { allRoutes } from "../routes.ts";
import { openApi } from "./openapi.ts";

const document = openApi(allRoutes, "1.2.3");

/** The validator is an ES module, which jest cannot load. */
function validate(text: string): { valid: boolean; errors?: unknown } {
  const script = `
    import { Validator } from "@seriousme/openapi-schema-validator";
    let text = "";
    for await (const chunk of process.stdin) text += chunk;
    console.log(JSON.stringify(await new Validator().validate(JSON.parse(text))));`;
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script], { input: text }).toString());
}

type Operation = { parameters?: { name: string; in: string; required: boolean }[]; responses: Record<string, unknown> };

function operation(path: string, method: string): Operation {
  return (document.paths as Record<string, Record<string, Operation>>)[path]?.[method] as Operation;
}

test("the document is valid OpenAPI 3.1", () => {
  expect(validate(JSON.stringify(document))).toEqual({ valid: true });
});

test("the validator can fail", () => {
  expect(validate(JSON.stringify({ ...document, paths: { nothing: {} } })).valid).toBe(false);
});

test("every route is there under its full path, and no other", () => {
  const paths = document.paths as Record<string, object>;
  const found = Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`));
  const declared = allRoutes.map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`);
  expect(found.sort()).toEqual(declared.sort());
  expect(paths).toHaveProperty(["/api/v1/orders"]);
  expect(paths).toHaveProperty(["/.well-known/jwks.json"]);
});

test("all references lead somewhere, and what only our validator reads is left out", () => {
  const text = JSON.stringify(document);
  const schemas = (document.components as { schemas: object }).schemas;
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g))
    expect(schemas).toHaveProperty(name as string);
  expect(text).not.toContain("errorMessage");
  expect(text).not.toContain("$id");
});

test("a POST takes an Idempotency-Key, which is required where the contract says so", () => {
  const key = (path: string) => operation(path, "post").parameters?.find(({ name }) => name === "Idempotency-Key");
  expect(key("/api/v1/orders")).toMatchObject({ in: "header", required: true });
  expect(key("/api/v1/orders/{id}/cancel")).toMatchObject({ in: "header", required: false });
  expect(key("/api/v1/auth/token")).toBeUndefined();
});

test("errors are listed by status, with their codes", () => {
  const { responses } = operation("/api/v1/orders", "post");
  expect(Object.keys(responses)).toEqual(
    expect.arrayContaining(["201", "400", "401", "403", "409", "413", "415", "422", "500", "503"]),
  );
  expect(responses["409"]).toMatchObject({ description: expect.stringContaining("OUT_OF_STOCK") });
  expect(responses["409"]).toMatchObject({ description: expect.stringContaining("PRICE_CHANGED") });
  expect(operation("/api/v1/auth/token", "post").responses["401"]).toHaveProperty(["content", "application/json"]);
});
