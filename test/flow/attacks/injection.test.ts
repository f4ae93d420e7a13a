import type { Logger } from "../../../platform/logger.ts";
import { Client, orderBody } from "../../support/client.ts";
import { withValue } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { sendBytes } from "../../support/raw.ts";
import { buildWorld, type Sample, samplesOf, type World } from "../../support/samples.ts";
import { rowCounts } from "../../support/tables.ts";

jest.setTimeout(180_000);

/** What would be SQL, or something else that is run, if it were ever put into a text instead of beside it. */
const SQL = [
  "' or '1'='1",
  "'; drop table orders.orders; --",
  '"; select pg_sleep(10); --',
  "1) union select private_key from auth.signing_keys --",
  "$$; copy (select 1) to program 'id'; $$",
  "\\'; begin; --",
  "%' and 1=cast((select version()) as int) and '%'='",
  "$1",
  "$" + "{jndi:ldap://x}",
  "{{7*7}}",
  "<script>alert(1)</script>",
  "`id`",
  "$(id)",
];

/** What no answer may say: where something lies, what runs there, what is asked of the database. */
const INSIDE =
  /node_modules|moleculer|typebox|sequelize|ioredis|postgres|\bpg\b|\bnats\b|libuv|ECONN|\/(?:home|root|usr|tmp|work|srv|app)\/|\.[cm]?[tj]s:\d|file:\/\/|\bat (?:async )?[\w.<>]+ \(|\b(?:select|insert into|update|delete from)\s+[\w"*]+\s+(?:from|set|values|where)\b|(?:relation|column) \\*"|syntax error|violates|\[object |undefined\b|NaN\b/i;

describe("what a caller sends", () => {
  let platform: TestPlatform;
  let operator: Client;
  let world: World;
  let samples: Sample[];
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    operator = await platform.client("demo-operator");
    world = await buildWorld(platform);
    samples = samplesOf(world);
  });
  afterAll(async () => {
    await platform.stop();
  });

  // Safeguard: prepared statements with parameters everywhere (`statement` in platform/database.ts).
  test("is data and never a statement, in every text of every body", async () => {
    const before = await rowCounts(platform.owner);
    let sent = 0;
    for (const { method, path, body } of samples) {
      for (const pointer of texts(body)) {
        const text = SQL[sent % SQL.length] as string;
        const answer = await operator.send(method, path, {
          body: withValue(body, pointer, text),
          key: `sql-${sent++}`,
        });
        if (answer.status >= 500) throw new Error(`${method} ${path} ${pointer}: ${answer.status} ${answer.text}`);
      }
    }
    expect(sent).toBeGreaterThan(50);
    const after = await rowCounts(platform.owner);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    // An operator's acts on the stuck process are among them, and end it.
    const fewer = Object.keys(before).filter((table) => Number(after[table]) < Number(before[table]));
    expect(fewer.filter((table) => table !== "orders.processes")).toEqual([]);
  });

  test("is data and never a statement, in every query and header", async () => {
    for (const text of SQL) {
      const value = encodeURIComponent(text);
      for (const path of [
        `/products?q=${value}`,
        `/products?category=${value}`,
        `/products?sort=${value}`,
        `/products?cursor=${value}`,
        `/orders?status=${value}`,
        `/orders?customerId=${value}`,
        `/orders?from=${value}`,
        `/orders?cursor=${value}`,
        `/orders/user/${value}`,
        `/orders/${value}`,
        `/inventory/${value}`,
        `/shipments?orderId=${value}`,
      ]) {
        const answer = await operator.get(`/api/v1${path}`);
        if (answer.status >= 500) throw new Error(`${path}: ${answer.status} ${answer.text}`);
      }
      const headers = { "x-request-id": text, "if-none-match": text, "last-event-id": text, origin: text };
      expect((await operator.get(`/api/v1/orders/${world.order}`, headers)).status).toBe(200);
      expect((await operator.post("/api/v1/events/tickets", {}, text.replaceAll(" ", "+"))).status).toBe(201);
    }
  });

  // Safeguard: `answerTo` in services/api/http/problem.ts, which knows Problems and gives nothing of any other error.
  test("is answered with nothing of the inside, whatever is wrong with it", async () => {
    const nobody = new Client(platform.url);
    const garbage = [
      "{",
      "[]",
      "null",
      '"x"',
      "\u0000",
      '{"a":1,"a":2}',
      "[".repeat(1_000),
      '{"items":{"length":1e9}}',
    ];
    const answers = [];
    for (const { method, path } of samples)
      for (const raw of garbage) answers.push(await operator.send(method, path, { raw, key: "garbage" }));
    for (const path of [
      "/auth/token",
      "/auth/login",
      "/auth/refresh",
      "/auth/register",
      "/auth/validate",
      "/auth/introspect",
    ])
      for (const raw of garbage) answers.push(await nobody.send("POST", `/api/v1${path}`, { raw }));
    for (const header of ["authorization", "cookie", "accept", "range", "if-match", "content-type", "expect"])
      for (const value of [
        "x".repeat(5_000),
        "Bearer a.b.c",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "*/*;q=x",
        "bytes=5-1",
      ])
        answers.push(await nobody.get("/api/v1/orders", { [header]: value }));
    for (const path of [
      "/%00",
      "/%ff",
      "/../../etc/passwd",
      "/.git/config",
      "/.env",
      "/api/v1/orders/%27",
      "/docs/..%2f..%2f.env",
    ])
      answers.push(await nobody.get(path));
    expect(answers.length).toBeGreaterThan(200);
    for (const { status, text, headers } of answers) {
      if (status >= 500) throw new Error(`${status} ${text}`);
      expect([text, JSON.stringify(headers)]).toEqual([
        expect.not.stringMatching(INSIDE),
        expect.not.stringMatching(INSIDE),
      ]);
      expect([headers.server, headers["x-powered-by"]]).toEqual([undefined, undefined]);
    }
  });

  // Safeguard: `finish` in services/api/gateway.ts logs the declared route and never the address; `REQUEST_ID` in
  // services/api/http/exchange.ts.
  test("is in no line of the log, so that none can be forged or broken", async () => {
    const { logger } = platform.node("api").getLocalService("api") as unknown as { logger: Logger };
    const written: unknown[] = [];
    for (const level of ["debug", "info", "warn", "error"] as const)
      jest.spyOn(logger, level).mockImplementation((...line) => void written.push(line));
    const forged = 'INJECTED","level":60}';
    const encoded = encodeURIComponent(`\r\n\u001b[2J${forged}`);
    const headers = {
      "x-request-id": forged,
      "user-agent": forged,
      referer: forged,
      "x-forwarded-for": forged,
      origin: forged,
    };
    for (const path of [
      `/${encoded}`,
      `/api/v1/orders/${encoded}`,
      `/api/v1/orders?status=${encoded}`,
      `/api/v1/products?q=${encoded}`,
    ])
      for (const client of [operator, new Client(platform.url, forged)]) await client.get(path, headers);
    const raw = (line: string) =>
      sendBytes(
        platform.url,
        Buffer.from(`GET /api/v1/INJECTED HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${line}\r\n\r\n`, "latin1"),
      );
    // What would end a line or colour a terminal does not even become a header.
    for (const line of [
      "User-Agent: a\u001b[2JINJECTED",
      "X-Request-Id: a\rINJECTED",
      "X-Request-Id: a\nINJECTED",
      "X-Request-Id: a\u0085INJECTED",
    ])
      expect([line, [400, 404].includes((await raw(line)).status)]).toEqual([line, true]);
    await operator.send("INJECTED", "/api/v1/orders").catch(() => {});
    expect(written.length).toBeGreaterThan(8);
    for (const line of written) {
      const text = JSON.stringify(line);
      expect(text).not.toMatch(/INJECTED|\\u001b|\\r|\u0085/);
    }
  });

  test("is answered with nothing of the inside, when something breaks", async () => {
    await platform.owner.query(
      "alter table orders.orders add constraint refused_for_a_test check (status <> 'PENDING') not valid",
    );
    const answer = await operator.post("/api/v1/orders", orderBody(), "bang");
    expect([answer.status, answer.body.code]).toEqual([500, "INTERNAL_ERROR"]);
    expect(answer.text).not.toMatch(INSIDE);
    await platform.owner.query("alter table orders.orders drop constraint refused_for_a_test");
  });
});

function texts(value: unknown, path = ""): string[] {
  if (typeof value === "string") return [path];
  if (typeof value !== "object" || value === null) return [];
  const segment = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");
  return Object.entries(value).flatMap(([name, inner]) => texts(inner, `${path}/${segment(name)}`));
}
