import pg from "pg";
import { DOMAINS, type DomainName } from "../../platform/config.ts";
import { newId } from "../../platform/ids.ts";
import { orderBody } from "../support/client.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { webhook } from "../support/samples.ts";
import { eventually } from "../support/waiting.ts";

jest.setTimeout(60_000);

/** Tables in which nothing is a tenant's, or nothing but by the id of what is. */
const NOBODYS: Readonly<Record<string, string>> = {
  migrations: "what was done to the schema",
  event_log_head: "the relay's",
  event_log_runs: "the numbers of events",
  event_log_unnumbered: "the numbers of events",
  subscription_cursors: "how far a channel is read",
  signing_keys: "the platform's own",
  clean_up: "when it was done last",
  sandbox_parcels: "the carrier's, who has no tenants",
  sandbox_authorisations: "the bank's, which has no tenants",
  sandbox_movements: "the bank's, which has no tenants",
};

interface Table {
  readonly name: string;
  readonly secured: boolean;
  readonly hasTenant: boolean;
}

describe("the rows of tenants", () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startPlatform();
    for (const id of ["demo-shop", "acme-shop"]) {
      const shop = await platform.client(id);
      const sku = (await shop.get("/api/v1/products?limit=1")).body.items[0].sku;
      const { body } = await shop.post("/api/v1/orders", orderBody({ items: [{ sku, quantity: 1 }] }), newId());
      await eventually("the order is delivered", async () => {
        const order = (await shop.get(`/api/v1/orders/${body.id}`)).body;
        return order.status === "DELIVERED" && order.payment.status === "CAPTURED";
      });
    }
    for (const id of ["demo-operator", "acme-operator"]) await webhook(await platform.client(id));
  });
  afterAll(async () => {
    await platform.stop();
  });

  const tablesOf = async (domain: DomainName): Promise<Table[]> => {
    const { rows } = await platform.owner.query<Table>(
      `select c.relname as name, c.relrowsecurity as secured, exists (
         select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant' and not a.attisdropped) as "hasTenant"
       from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'r' order by 1`,
      [domain],
    );
    return rows;
  };

  /** Works as the role that the domain's nodes log in with, for a tenant if one is given; nothing is left of it. */
  const asRole = async <T>(domain: DomainName, tenant: string | undefined, work: (client: pg.Client) => Promise<T>) => {
    const client = new pg.Client({
      connectionString: platform.db.urls[domain],
      options: `-c search_path=${domain}`,
    });
    await client.connect();
    try {
      await client.query("begin");
      if (tenant !== undefined) await client.query(`set local waybill.tenant = '${tenant}'`);
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const count = async (client: pg.Client, table: string, where = ""): Promise<number> =>
    (await client.query(`select count(*)::int as count from ${table} ${where}`)).rows[0].count;

  test.each(DOMAINS)("of %s are in tables that know whose they are", async (domain) => {
    const open = (await tablesOf(domain)).filter(({ secured }) => !secured).map(({ name }) => name);
    expect(open.filter((name) => !(name in NOBODYS))).toEqual([]);
  });

  test.each(DOMAINS)("of %s are not seen by a query that does not say whose it wants", async (domain) => {
    for (const { name } of (await tablesOf(domain)).filter(({ secured }) => secured)) {
      expect([name, await asRole(domain, undefined, (client) => count(client, name))]).toEqual([name, 0]);
    }
  });

  test.each(DOMAINS)("of %s are seen by a query without a filter as far as they are its tenant's", async (domain) => {
    let seen = 0;
    for (const { name, hasTenant } of (await tablesOf(domain)).filter(({ secured }) => secured)) {
      const counts = await Promise.all(
        ["demo", "acme", "waybill", "nobody"].map((tenant) => asRole(domain, tenant, (client) => count(client, name))),
      );
      // What the platform has done for nobody in particular is in the audit log.
      const all = await count(platform.owner, `${domain}.${name}`, hasTenant ? "where tenant <> '*'" : "");
      expect([name, counts.reduce((sum, one) => sum + one, 0), counts[3]]).toEqual([name, all, 0]);
      if (hasTenant)
        expect([name, counts[0]]).toEqual([
          name,
          await count(platform.owner, `${domain}.${name}`, "where tenant = 'demo'"),
        ]);
      seen += counts[0] ?? 0;
    }
    expect(seen).toBeGreaterThan(0);
  });

  test.each(DOMAINS)("of %s are not given to another tenant", async (domain) => {
    let tried = 0;
    for (const { name } of (await tablesOf(domain)).filter(({ hasTenant }) => hasTenant)) {
      const refused = await asRole(domain, "demo", async (client) => {
        if ((await count(client, name)) === 0) return undefined;
        tried++;
        return client.query(`update ${name} set tenant = 'acme'`).then(
          () => "given",
          (error: Error) => error.message,
        );
      });
      if (refused !== undefined)
        expect(refused).toMatch(/violates row-level security policy|permission denied for table audit_log/);
    }
    expect(tried).toBeGreaterThan(0);
  });

  test("of another tenant are neither changed nor deleted by a statement without a filter", async () => {
    const changed = await asRole("orders", "demo", async (client) => [
      (await client.query("update orders set status = 'CANCELLED'")).rowCount,
      (await client.query("delete from order_details")).rowCount,
    ]);
    expect(changed).toEqual([1, 1]);
  });
});
