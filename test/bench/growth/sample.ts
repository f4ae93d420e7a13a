import type pg from "pg";
import { DOMAINS } from "../../../platform/config.ts";
import { Client, orderBody } from "../../support/client.ts";
import type { BenchDatabase } from "../bench-server.ts";
import { pause } from "../measure.ts";
import { Platform } from "../platform.ts";
import { type Bench, Refused } from "../scenario.ts";
import { skuOf, TENANT } from "../shop.ts";

/** A column of a table, by its catalog. */
export interface Column {
  readonly name: string;
  readonly type: string;
  /** Whether the database numbers it. */
  readonly identity: boolean;
}

/** The rows that an order has left in a table, each value as PostgreSQL's text. */
export interface SampleTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Everything that one order has left in the database, from its placement to the delivery. */
export interface Sample {
  readonly placedAt: Date;
  readonly number: string;
  readonly key: string;
  readonly customer: string;
  /** Of its two lines. */
  readonly products: readonly { readonly id: string; readonly sku: string; readonly name: string }[];
  readonly tables: readonly SampleTable[];
}

interface TableOfCatalog {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  /** The columns that tell its rows apart; all when it has no primary key. */
  readonly key: readonly string[];
}

const KEY = "growth-000000000000";
const CUSTOMER = "00000000-0000-4000-8000-000000012345";

/** Runs the platform on a database for one order, which the rows of all others are made like. */
export async function takeSample(bench: Bench, database: BenchDatabase): Promise<Sample> {
  const { owner } = database;
  const skus = [skuOf(123), skuOf(456)];
  let placed: { number: string; at: Date };
  let before: ReadonlySet<string>;
  const tables = await tablesOf(owner);
  {
    await using platform = await Platform.start(bench, { database });
    before = await keysOf(owner, tables);
    const shop = new Client(platform.url, platform.token);
    const customer = { id: CUSTOMER, email: "customer-12345@example.com", name: "Customer 12345" };
    const items = skus.map((sku, i) => ({ sku, quantity: 2 - i }));
    const answer = await shop.post("/api/v1/orders", orderBody({ items, customer }), KEY);
    if (answer.status !== 201) throw new Refused(`the sample was answered ${answer.status}: ${answer.text}`);
    placed = { number: answer.body.number, at: new Date(answer.body.createdAt) };
    await platform.rest();
    await platform.assertSound(1);
    await untilMessagesAreSent(owner);
  }
  const products = await owner.query<Sample["products"][number]>(
    "select id, sku, name from catalog.products where tenant = $1 and sku = any($2)",
    [TENANT, skus],
  );
  const found: SampleTable[] = [];
  for (const table of tables) found.push(await newRows(owner, table, before));
  return {
    placedAt: placed.at,
    number: placed.number,
    key: KEY,
    customer: CUSTOMER,
    products: products.rows,
    tables: found.filter(({ rows }) => rows.length > 0),
  };
}

async function untilMessagesAreSent(owner: pg.Client): Promise<void> {
  for (const end = Date.now() + 10_000; ; await pause(50)) {
    const { rowCount } = await owner.query("select from notifications.messages where state = 'PENDING'");
    if (rowCount === 0) return;
    if (Date.now() > end) throw new Refused("the sample's customer was not told of it");
  }
}

/** All tables as the migrations have left them. */
async function tablesOf(owner: pg.Client): Promise<TableOfCatalog[]> {
  const { rows } = await owner.query<TableOfCatalog>(
    `select n.nspname as schema, c.relname as name,
       (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
           'identity', a.attidentity <> '' or pg_get_serial_sequence(c.oid::regclass::text, a.attname) is not null)
           order by a.attnum)
         from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_index i
         join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
         where i.indrelid = c.oid and i.indisprimary) as key
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = any($1) and c.relkind in ('r', 'p') and not c.relispartition order by 1, 2`,
    [DOMAINS],
  );
  return rows.map((table) => ({
    ...table,
    key: table.key.length > 0 ? table.key : table.columns.map(({ name }) => name),
  }));
}

const keyText = ({ schema, name, key }: TableOfCatalog) =>
  `'${schema}.${name}' || (${key.map((column) => `"${column}"::text`).join(" || ' ' || ")})`;

async function keysOf(owner: pg.Client, tables: readonly TableOfCatalog[]): Promise<Set<string>> {
  const selects = tables.map((table) => `select ${keyText(table)} as key from ${table.schema}.${table.name}`);
  const { rows } = await owner.query<{ key: string }>(selects.join(" union all "));
  return new Set(rows.map(({ key }) => key));
}

/** In the order of their making: numbered rows by their numbers. */
async function newRows(owner: pg.Client, table: TableOfCatalog, before: ReadonlySet<string>): Promise<SampleTable> {
  const values = table.columns.map(({ name }) => `"${name}"::text`).join(", ");
  const { rows } = await owner.query<{ key: string; values: (string | null)[] }>(
    `select ${keyText(table)} as key, array[${values}] as values from ${table.schema}.${table.name}
     order by ${table.key.map((column) => `"${column}"`).join(", ")}`,
  );
  const { schema, name, columns } = table;
  return { schema, name, columns, rows: rows.filter(({ key }) => !before.has(key)).map((row) => row.values) };
}
