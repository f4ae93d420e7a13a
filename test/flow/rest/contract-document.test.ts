import { Validator } from "@seriousme/openapi-schema-validator";
import { Client } from "../../support/client.ts";
import { ApiDocument } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { isCustomers, OPEN, protectedRoutes } from "../../support/routes.ts";

jest.setTimeout(60_000);

describe("the OpenAPI document", () => {
  let platform: TestPlatform;
  let document: ApiDocument;
  beforeAll(async () => {
    platform = await startPlatform();
    document = await ApiDocument.load(new Client(platform.url));
  });
  afterAll(async () => {
    await platform.stop();
  });

  test("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document.document));
    expect([valid, errors ?? []]).toEqual([true, []]);
    expect(validator.version).toBe("3.1");
  });

  test("has every route, and no other", () => {
    const all = [...protectedRoutes.map(([route]) => route), ...OPEN].sort();
    expect(
      document.operations
        .map(({ name }) => name)
        .filter((name) => name !== "GET /docs/errors")
        .sort(),
    ).toEqual(all);
  });

  test.each(protectedRoutes)("says of %s that it needs %s, what it takes and how it fails", (route, scope) => {
    const operation = document.operation(route);
    expect(operation.scopes).toEqual(scope ? [scope] : []);
    const said = Object.keys(operation.responses);
    expect(said).toEqual(
      expect.arrayContaining([
        "401",
        "503",
        ...(scope || isCustomers(route) ? ["403"] : []),
        ...(route.includes("{") ? ["404"] : []),
      ]),
    );
    const headers = operation.parameters
      .filter((one) => one.in === "header")
      .map(({ name, required }) => [name, required ?? false]);
    if (operation.method === "POST") {
      const required = route === "POST /api/v1/orders" || route.endsWith("/adjust");
      expect(headers).toContainEqual(["Idempotency-Key", required]);
      expect(said).toEqual(expect.arrayContaining(["400", "409", "413", "415", "422"]));
    }
    if (/cancel$|PUT .*status$/.test(route))
      expect([headers, said]).toEqual([expect.arrayContaining([["If-Match", false]]), expect.arrayContaining(["412"])]);
    const inPath = operation.parameters
      .filter((one) => one.in === "path")
      .map(({ name, required }) => [name, required]);
    expect(inPath).toEqual([...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, true]));
  });

  test("has every code of an error on a page, and says whether to send again", async () => {
    const { status, text, headers } = await new Client(platform.url).get("/docs/errors");
    expect([status, headers["content-type"]]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    for (const code of [
      "OUT_OF_STOCK",
      "IDEMPOTENCY_KEY_REUSED",
      "CURSOR_EXPIRED",
      "ALREADY_SHIPPED",
      "BELOW_RESERVED",
      "RATE_LIMITED",
      "PRICE_CHANGED",
    ]) {
      expect(text).toContain(code);
    }
  });

  test("comes with a page to try it that needs nobody else's server", async () => {
    const nobody = new Client(platform.url);
    const page = await nobody.get("/docs");
    expect([page.status, page.headers["content-type"]]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    const linked = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link as string);
    expect(linked.length).toBeGreaterThan(1);
    for (const link of linked) {
      expect(link).not.toMatch(/^(https?:)?\/\//);
      const target = new URL(link, `${platform.url}/docs`).pathname;
      expect([target, (await nobody.get(target)).status]).toEqual([target, 200]);
    }
    expectProblem(await nobody.get("/docs/..%2fpackage.json"), 404);
    expectProblem(await nobody.get("/docs/package.json"), 404);
  });
});
