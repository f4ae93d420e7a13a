import type pg from "pg";
import { DOMAINS } from "../../../platform/config.ts";
import { orderNumber } from "../../../services/orders/order-number.ts";
import { type BenchDatabase, connected } from "../bench-server.ts";
import { SKUS, TENANT } from "../shop.ts";
import { orderIdOf, PersonalDataMaker } from "./personal-data.ts";
import { RowMaker } from "./rows.ts";
import type { Sample, SampleTable } from "./sample.ts";

/** As many orders at a time, in one transaction. */
const SET = 5_000;
/** With one the server would wait for this process, or this process for it, half of the time. */
const CONNECTIONS = 2;
/** Younger than what the platform forgets by itself: idempotency keys are kept for two days. */
const SPAN_MS = 40 * 3_600_000;
const CUSTOMERS = 100_000;

/**
 * Makes finished orders by plain SQL, spread over the last forty hours: the rows that the sample has left, in all
 * tables, with ids, numbers, times, customers and SKUs of each order's own. What the database keeps beside the rows
 * goes with them: numbers given out, cursors of subscriptions, stock.
 */
export async function makeOrders(database: BenchDatabase, sample: Sample, count: number): Promise<void> {
  const { owner } = database;
  const tables = sample.tables.filter(({ name }) => name !== "event_log_runs");
  const logs = tables.filter(({ name }) => name === "event_log");
  const bases = await readBases(owner, tables);
  const maker = new RowMaker(sample);
  const personal = new PersonalDataMaker(sample, maker.sqlOf(orderIdOf(sample)));
  const inserts = [
    ...tables.map((table) => maker.insert(table, bases)),
    ...logs.map((log) => maker.number(log, bases)),
  ];
  const firstNumber = await takeNumbers(owner, count);
  await whileLoading(owner, async () => {
    const firsts = Array.from({ length: Math.ceil(count / SET) }, (_, i) => 1 + i * SET).values();
    const since = new Date(Date.now() - SPAN_MS);
    const work = async () => {
      const client = await connected(database.url);
      try {
        await prepare(client);
        for (const first of firsts) {
          const length = Math.min(SET, count - first + 1);
          const numbers = Array.from({ length }, (_, i) => orderNumber(firstNumber + first - 1 + i));
          await client.query("begin; truncate growth_orders");
          await client.query(ORDERS, [first, numbers, sample.placedAt, since, SPAN_MS / count]);
          await personal.seal(client);
          for (const insert of inserts) await client.query(insert);
          await client.query("commit");
        }
      } finally {
        await client.end();
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
    await carryOn(owner, bases);
    // Otherwise it is done while something is measured.
    await owner.query("vacuum (analyze)");
  });
}

/** For the loading alone: checkpoints would write most pages several times, and vacuums find nothing. */
const LOADING = { max_wal_size: "'16GB'", autovacuum: "off" };

async function whileLoading(owner: pg.Client, work: () => Promise<void>): Promise<void> {
  const configure = async (change: (name: string, value: string) => string) => {
    for (const [name, value] of Object.entries(LOADING)) await owner.query(`alter system ${change(name, value)}`);
    await owner.query("select pg_reload_conf()");
  };
  await configure((name, value) => `set ${name} = ${value}`);
  try {
    await work();
  } finally {
    await configure((name) => `reset ${name}`);
  }
  await owner.query("checkpoint");
}

/** The last numbers given out by the database, and by the logs as their `sequence`; as `schema.table.column`. */
async function readBases(owner: pg.Client, tables: readonly SampleTable[]): Promise<Map<string, number>> {
  const bases = new Map<string, number>();
  const last = async (base: string, sql: string) => {
    const { rows } = await owner.query<{ last: number }>(sql);
    bases.set(base, rows[0]?.last ?? 0);
  };
  for (const { schema, name, columns } of tables) {
    for (const column of columns.filter(({ identity }) => identity).map((one) => one.name))
      await last(`${schema}.${name}.${column}`, `select max("${column}")::int as last from ${schema}.${name}`);
    if (name === "event_log")
      await last(`${schema}.${name}.sequence`, `select sequence::int as last from ${schema}.event_log_head`);
  }
  return bases;
}

/** Takes as many order numbers as are wanted; answers the first. They are given out in blocks of the sequence's step. */
async function takeNumbers(owner: pg.Client, count: number): Promise<number> {
  const { rows } = await owner.query<{ first: number }>(
    `with block as (select nextval('orders.order_numbers') as first)
     select first::int, setval('orders.order_numbers', first + $1) from block`,
    [count],
  );
  return rows[0]?.first ?? 0;
}

/** What differs from order to order; every other column of every row comes from these. */
const ORDERS = `
  insert into growth_orders
  select i, substr(hex, 1, 8) || '-' || substr(hex, 9, 4),
    '-8' || substr(md5(i::text), 1, 3) || '-' || substr(md5(i::text), 4, 12),
    at - $3::timestamptz, number, 'growth-' || lpad(i::text, 12, '0'),
    '00000000-0000-4000-8000-' || lpad((i::bigint * 7919 % ${CUSTOMERS})::text, 12, '0'),
    one.id, one.sku, one.name, other.id, other.sku, other.name
  from unnest($2::text[]) with ordinality as o(number, nth)
  cross join lateral (select ($1 + nth - 1)::int as i) n
  cross join lateral (select $4::timestamptz + i * $5::float8 * interval '1 millisecond' as at) t
  cross join lateral (select lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') as hex) h
  join growth_products one on one.n = i::bigint * 7919 % ${SKUS}
  join growth_products other on other.n = (i::bigint * 7919 + 1 + i::bigint * 104729 % (${SKUS} - 1)) % ${SKUS}
  order by i`;

/** Tables of this connection alone, and nothing that only guards against what the rows are not: they are a sample's. */
async function prepare(client: pg.Client): Promise<void> {
  await client.query(
    `set synchronous_commit = off; set session_replication_role = replica; set jit = off;
     create temp table growth_orders (i bigint, time text, rest text, shift interval, number text, key text,
       customer text, id1 text, sku1 text, name1 text, id2 text, sku2 text, name2 text, personal bytea);
     create temp table growth_products (n int primary key, id text, sku text, name text)`,
  );
  await client.query(
    `insert into growth_products select row_number() over (order by sku) - 1, id, sku, name
     from catalog.products where tenant = $1 and sku like 'BENCH-%'`,
    [TENANT],
  );
  await client.query("analyze growth_products");
}

/** Brings up to date what goes on from the rows. */
async function carryOn(owner: pg.Client, bases: ReadonlyMap<string, number>): Promise<void> {
  for (const column of bases.keys()) {
    const [schema, table, name] = column.split(".") as [string, string, string];
    if (name === "sequence") await carryOnLog(owner, schema);
    else
      await owner.query(
        `select setval(pg_get_serial_sequence('${schema}.${table}', '${name}'), max("${name}")) from ${schema}.${table}`,
      );
  }
  await owner.query(
    `update inventory.stock s set on_hand = on_hand + t.change, version = version + t.moves
     from (select tenant, sku, sum(on_hand_change)::int as change, count(*)::int as moves from inventory.stock_transactions
       where position > $1 group by tenant, sku) t
     where s.tenant = t.tenant and s.sku = t.sku`,
    [bases.get("inventory.stock_transactions.position")],
  );
}

/** The head of a log, and where its readers stand: they have read it all. */
async function carryOnLog(owner: pg.Client, log: string): Promise<void> {
  const last = "max(first + cardinality(positions) - 1)";
  await owner.query(`update ${log}.event_log_head set sequence = (select ${last} from ${log}.event_log_runs)`);
  for (const reader of DOMAINS) {
    await owner.query(
      `update ${reader}.subscription_cursors c set sequence = r.last
       from (select partition, ${last} as last from ${log}.event_log_runs group by partition) r
       where r.partition = c.partition and subscription = $1`,
      [log],
    );
  }
}
