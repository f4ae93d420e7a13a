import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import path from "node:path";
import pg from "pg";
import { DOMAINS, type DomainName } from "../../platform/config.ts";
import { verifySecret } from "../../services/auth/crypto/secret.ts";
import { testServer } from "../support/databases.ts";
import { ROOT } from "../support/process.ts";

const run = randomBytes(4).toString("hex");
const database = `migrate_${run}`;
/** Roles belong to the whole server, and other suites are on it. */
const roleOf = (domain: string) => `m${run}_${domain}`;
const DEMO_CLIENTS = 6;

jest.setTimeout(60_000);

interface Outcome {
  readonly code: number;
  readonly output: string;
}

const migrate = (env: Readonly<Record<string, string>>, ...args: readonly string[]) => runScript("migrate", env, args);

/** A script in a process of its own, with this environment and no other. */
function runScript(name: string, env: Readonly<Record<string, string>>, args: readonly string[]): Promise<Outcome> {
  const script = path.join(ROOT, `scripts/${name}.ts`);
  const options = { env: { PATH: process.env.PATH, ...env }, timeout: 60_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, ["--no-warnings", script, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, output: stdout + stderr }),
    );
  });
}

function domainUrl(domain: DomainName, password = `secret-${domain}/1`): string {
  const url = new URL(testServer().url(database));
  url.username = roleOf(domain);
  url.password = encodeURIComponent(password);
  return url.href;
}

function settings(): Record<string, string> {
  const urls = DOMAINS.map((domain) => [`${domain.toUpperCase()}_DATABASE_URL`, domainUrl(domain)]);
  return { DATABASE_OWNER_URL: testServer().url(database), ...Object.fromEntries(urls) };
}

async function query<R extends object>(connectionString: string, sql: string): Promise<R[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows;
  } finally {
    await client.end();
  }
}

const asOwner = <R extends object>(sql: string) => query<R>(testServer().url(database), sql);

beforeEach(async () => {
  await query(testServer().url("postgres"), `create database ${database}`);
});

afterEach(async () => {
  const server = testServer().url("postgres");
  await query(server, `drop database ${database} with (force)`);
  for (const domain of DOMAINS) await query(server, `drop role if exists ${roleOf(domain)}`);
});

test("makes every domain's role and schema, and says what it has run", async () => {
  const { code, output } = await migrate(settings());
  expect([code, output.split("\n").filter((line) => line !== "").length]).toEqual([0, DOMAINS.length]);
  expect(output).toMatch(/^orders: platform\/001-event-log\.sql, .*orders\/001-.* \(role m\w+_orders\)$/m);
  for (const domain of DOMAINS) {
    const rows = await query(domainUrl(domain), `select sequence from ${domain}.event_log_head`);
    expect([domain, rows.length]).toEqual([domain, 1]);
  }
  // No fixtures: nobody has asked for them.
  expect(await asOwner("select from auth.clients")).toHaveLength(0);
});

test("gives a role its own schema alone, and the rows alone", async () => {
  await migrate(settings());
  await expect(query(domainUrl("orders"), "select from payments.event_log")).rejects.toThrow("permission denied");
  await expect(query(domainUrl("orders"), "create table orders.mine ()")).rejects.toThrow("permission denied");
  const [role] = await asOwner(
    `select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = '${roleOf("orders")}'`,
  );
  expect(role).toEqual({ rolsuper: false, rolcreaterole: false, rolcreatedb: false });
});

test("changes nothing the second time, and takes a changed password over", async () => {
  await migrate(settings());
  const renewed = { ...settings(), ORDERS_DATABASE_URL: domainUrl("orders", "another's secret") };
  const { code, output } = await migrate(renewed);
  expect([code, output.match(/: up to date /g)?.length]).toEqual([0, DOMAINS.length]);
  await expect(query(renewed.ORDERS_DATABASE_URL, "select")).resolves.toHaveLength(1);
  await expect(query(domainUrl("orders"), "select")).rejects.toThrow("password authentication failed");
});

test("may run twice at once, fixtures and all", async () => {
  const outcomes = await Promise.all([migrate(settings(), "--fixtures"), migrate(settings(), "--fixtures")]);
  expect(outcomes.map(({ code, output }) => [code, output.includes("The fixtures are there.")])).toEqual([
    [0, true],
    [0, true],
  ]);
  const applied = await asOwner<{ name: string }>("select name from orders.migrations");
  const run = (outcome: Outcome) => /^orders: (.*) \(role/m.exec(outcome.output)?.[1]?.split(", ") ?? [];
  const said = outcomes.flatMap(run).filter((name) => name !== "up to date");
  expect(said.sort()).toEqual(applied.map(({ name }) => name).sort());
  expect(await asOwner("select from auth.clients")).toHaveLength(DEMO_CLIENTS);
});

test("says all that is wrong with the settings together, and no password", async () => {
  const wrong = {
    ...settings(),
    DATABASE_OWNER_URL: "mysql://owner:secret-0@db/waybill",
    ORDERS_DATABASE_URL: "",
    AUTH_DATABASE_URL: "secret-1",
  };
  const { code, output } = await migrate(wrong);
  const named = [...output.matchAll(/^ {2}- (\w+)/gm)].map((match) => match[1]);
  expect([code, named]).toEqual([1, ["AUTH_DATABASE_URL", "ORDERS_DATABASE_URL", "DATABASE_OWNER_URL"]]);
  expect(output).not.toContain("secret-");
});

test("refuses a domain that would be the owner, one without a password, and a role with two", async () => {
  const { code, output } = await migrate({
    ...settings(),
    AUTH_DATABASE_URL: testServer().url(database),
    CATALOG_DATABASE_URL: domainUrl("catalog", ""),
    ORDERS_DATABASE_URL: domainUrl("inventory", "secret-2"),
  });
  const lines = output.split("\n").filter((line) => line.startsWith("  - "));
  expect([code, lines]).toEqual([
    1,
    [
      "  - AUTH_DATABASE_URL must name another user than the owner",
      "  - CATALOG_DATABASE_URL must name a user with its password, percent-encoded",
      `  - ORDERS_DATABASE_URL has another password for ${roleOf("inventory")} than a URL before it`,
    ],
  ]);
});

test("notices that the nodes would look elsewhere", async () => {
  const elsewhere = new URL(domainUrl("auth"));
  elsewhere.pathname = "/postgres";
  const { code, output } = await migrate({ ...settings(), AUTH_DATABASE_URL: elsewhere.href });
  expect([code, output]).toEqual([1, expect.stringContaining("auth: its own connection string leads to another")]);
});

test("fails when nobody answers", async () => {
  const { code, output } = await migrate({
    ...settings(),
    DATABASE_OWNER_URL: "postgres://owner:x@127.0.0.1:1/waybill",
  });
  expect([code, output]).toEqual([1, expect.stringContaining("The databases are not prepared: auth: ")]);
});

test("lets bootstrap make the platform's first client, once", async () => {
  await migrate(settings());
  const env = { AUTH_DATABASE_URL: domainUrl("auth") };
  const outcomes = await Promise.all([runScript("bootstrap", env, []), runScript("bootstrap", env, [])]);
  // Of two at the same time one does it.
  expect(outcomes.map(({ code }) => code).sort()).toEqual([0, 1]);
  const made = outcomes.find(({ code }) => code === 0)?.output ?? "";
  const [, id = "", secret = ""] = /client_id=(waybill-[0-9a-f]{12})\nclient_secret=([\w-]{43})\n/.exec(made) ?? [];
  expect(secret).not.toBe("");
  const refused = await runScript("bootstrap", env, []);
  expect([refused.code, refused.output]).toEqual([1, expect.stringContaining(`${id} has the scope platform already`)]);
  expect((await runScript("bootstrap", env, ["--another", "--tenant", "house"])).code).toBe(0);
  expect((await runScript("bootstrap", env, ["--tenant", "*"])).code).toBe(1);
  expect((await runScript("bootstrap", {}, [])).code).toBe(1);
  const clients = await asOwner<{ tenant: string; scopes: string[]; hash: string }>(
    "select tenant, scopes, secret_hash as hash from auth.clients order by created_at",
  );
  expect(clients.map(({ tenant }) => tenant)).toEqual(["waybill", "house"]);
  for (const { scopes } of clients)
    expect(scopes).toEqual(expect.arrayContaining(["platform", "admin", "orders:read"]));
  expect(await verifySecret(secret, clients[0]?.hash as string)).toBe(true);
  const acts = await asOwner("select from auth.audit_log where action = 'auth.bootstrap' and client like 'operator:%'");
  expect(acts).toHaveLength(2);
});
