import type { Instant } from "../../platform/clock.ts";
import { Clash, type Database, type Queries, statement, type Tx } from "../../platform/database.ts";
import { newId } from "../../platform/ids.ts";
import { Recordset } from "../../platform/recordset.ts";
import type { LineQuantity } from "../../platform/schema.ts";
import type { StockTransaction } from "./contract.ts";
import { type Cause, inLockOrder, type StockKey, type StockRow, type Stocks, stockKey } from "./stock.ts";

const STOCK = `s.tenant, s.sku, s.id, s.on_hand as "onHand", s.reserved, s.version, s.event_version as "eventVersion",
  s.low_stock_threshold as "lowStockThreshold"`;

const find = statement("stock.find", `select ${STOCK} from stock s where tenant = $1 and sku = $2`);
// The index is by tenant first: without one each tenant is looked at.
const findOfTenants = statement(
  "stock.find_of_tenants",
  `with recursive tenants(tenant) as (
     select min(tenant) from stock
     union all
     select (select min(o.tenant) from stock o where o.tenant > t.tenant) from tenants t where t.tenant is not null)
   select ${STOCK} from tenants t join stock s on s.tenant = t.tenant and s.sku = $2
   where $1 = '*' or t.tenant = $1 order by s.tenant`,
);
const KEYS = new Recordset<StockKey>("tenant text, sku text");
// Lateral and limited, so that each key is looked up in the index, in the order of asking, whatever the planner knows.
const lock = statement(
  "stock.lock",
  `select s.* from ${KEYS.from("k")} cross join lateral (
     select ${STOCK} from stock s where s.tenant = k.tenant and s.sku = k.sku limit 1 for update) s`,
);
const availabilities = statement(
  "stock.availability",
  `select s.* from ${KEYS.from("k")} cross join lateral (
     select s.tenant, s.sku, s.on_hand - s.reserved as available from stock s
     where s.tenant = k.tenant and s.sku = k.sku limit 1) s`,
);

const TRANSACTION = "tenant, sku, id, type, on_hand_change, reserved_change, reference, reason, actor, at";
const create = statement(
  "stock.create",
  `with created as (
     insert into stock (tenant, sku, id, on_hand) values ($1, $2, $3, $4) on conflict do nothing returning *),
   recorded as (
     insert into stock_transactions (${TRANSACTION})
     select tenant, sku, $5, 'SET', on_hand, 0, null, null, $6, $7 from created)
   select ${STOCK} from created s`,
);
const SEEDED = new Recordset<SeededStock>("tenant text, sku text, id uuid, onHand int, entry uuid");
const seed = statement(
  "stock.seed",
  `with given as (select * from ${SEEDED.from("s", 3)}),
   added as (
     insert into stock (tenant, sku, id, on_hand) select tenant, sku, id, "onHand" from given
     on conflict do nothing returning tenant, sku)
   insert into stock_transactions (${TRANSACTION})
   select tenant, sku, entry, 'SET', "onHand", 0, null, null, $1, $2 from added join given using (tenant, sku)`,
);
const transactions = statement(
  "stock.transactions",
  `select position, id, sku, type, on_hand_change as "onHandChange", reserved_change as "reservedChange", reference, reason, actor, at
   from stock_transactions where tenant = $1 and sku = $2 and ($3::bigint is null or position < $3)
   order by position desc limit $4`,
);

/** The stock of a SKU; `undefined` when there is none. */
export async function findStock(database: Database, { tenant, sku }: StockKey): Promise<StockRow | undefined> {
  const [row] = await database.of(tenant).query<StockRow>(find, [tenant, sku]);
  return row;
}

/** The stock of a SKU: a tenant's, or that of all tenants (`*`). */
export function findStocks(database: Database, tenant: string, sku: string): Promise<StockRow[]> {
  return database.of(tenant).query(findOfTenants, [tenant, sku]);
}

/**
 * Locks the stock of SKUs until the transaction ends. What has no stock is left out. All callers lock in the same order,
 * so that no two wait for each other.
 */
export async function lockStock(tx: Tx, keys: readonly StockKey[]): Promise<Stocks> {
  if (keys.length === 0) return new Map();
  const wanted = inLockOrder(new Map(keys.map((key) => [stockKey(key), key])));
  const rows = await tx.query<StockRow>(lock, KEYS.values(wanted));
  return new Map(rows.map((row) => [stockKey(row), row]));
}

/** Locks the stock of all lines until the transaction ends. */
export function lockStockOf(
  tx: Tx,
  holds: readonly { readonly tenant: string; readonly lines: readonly LineQuantity[] }[],
): Promise<Stocks> {
  return lockStock(
    tx,
    holds.flatMap(({ tenant, lines }) => lines.map(({ sku }) => ({ tenant, sku }))),
  );
}

/** What is available of SKUs, in the order of asking; 0 where there is no stock. */
export async function availabilityOf(queries: Queries, keys: readonly StockKey[]): Promise<number[]> {
  const rows = await queries.query<StockKey & { available: number }>(availabilities, KEYS.values(keys));
  const known = new Map(rows.map((row) => [stockKey(row), row.available]));
  return keys.map((key) => known.get(stockKey(key)) ?? 0);
}

/** Makes the stock of a SKU that has none. Throws a {@link Clash} when somebody else has made it meanwhile. */
export async function createStock(tx: Tx, { tenant, sku }: StockKey, onHand: number, cause: Cause): Promise<StockRow> {
  const values = [tenant, sku, newId(), onHand, newId(), cause.actor, cause.at];
  const [row] = await tx.query<StockRow>(create, values);
  if (!row) throw new Clash(`stock of ${sku} was made meanwhile`);
  return row;
}

/** Stock to begin with; `entry` is the id of its entry in the audit trail. */
export interface SeededStock extends StockKey {
  readonly id: string;
  readonly onHand: number;
  readonly entry: string;
}

/** Makes the stock of those SKUs that have none. */
export async function seedStock(
  database: Database,
  rows: readonly SeededStock[],
  actor: string,
  at: Instant,
): Promise<void> {
  await database.acrossTenants.write(seed, [actor, at, ...SEEDED.values(rows)]);
}

/** The entry of an audit trail with its place in it. */
export interface PlacedTransaction extends StockTransaction {
  readonly position: number;
}

/** A SKU's audit trail from a place backwards, newest first. */
export async function listTransactions(
  database: Database,
  { tenant, sku }: StockKey,
  before: number | undefined,
  limit: number,
): Promise<PlacedTransaction[]> {
  type Row = PlacedTransaction & { reference: string | null; reason: string | null };
  const rows = await database.of(tenant).query<Row>(transactions, [tenant, sku, before ?? null, limit]);
  return rows.map(({ reference, reason, ...row }) => ({
    ...row,
    ...(reference !== null && { reference }),
    ...(reason !== null && { reason }),
  }));
}
