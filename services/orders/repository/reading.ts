import type { Instant } from "../../../platform/clock.ts";
import { type Database, statement } from "../../../platform/database.ts";
import type { AnyEvent, EventLog } from "../../../platform/event-log.ts";
import type { OrderStatus } from "../contract.ts";
import { COLUMNS, type FoundOrder, FROM, foundOrder, type OrderRow } from "./rows.ts";

const loadMany = statement("orders.load", `select ${COLUMNS} ${FROM} where o.id = any($1)`);

// Of a row that is known as it is nothing but that is read; what an outer join does not find is null.
const reloadMany = statement(
  "orders.reload",
  `select o.id as known, o.xmin::text as written, n.*
   from unnest($1::uuid[], $2::text[]) as k(id, written) join orders o on o.id = k.id left join lateral (
     select ${COLUMNS} from order_details d
     where d.order_id = case when o.xmin::text is distinct from k.written then o.id end) n on true`,
);

// The index is by tenant first: without one each tenant is looked at.
const findByNumber = statement(
  "orders.find_by_number",
  `with recursive tenants(tenant) as (
     select min(tenant) from orders
     union all
     select (select min(o.tenant) from orders o where o.tenant > t.tenant) from tenants t where t.tenant is not null)
   select ${COLUMNS} from tenants t join orders o on o.tenant = t.tenant and o.number = $2
     join order_details d on d.order_id = o.id
   where $1 = '*' or t.tenant = $1`,
);

const list = statement(
  "orders.list",
  `select ${COLUMNS} ${FROM}
   where o.tenant = $1 and ($2::uuid is null or o.customer_id = $2) and ($3::text is null or o.status = $3)
     and ($4::timestamptz is null or o.created_at >= $4) and ($5::timestamptz is null or o.created_at < $5)
     and ($6::uuid is null or o.id < $6)
   order by o.id desc limit $7`,
);

const listByStatus = statement(
  "orders.list_by_status",
  list.text.replace("($3::text is null or o.status = $3)", "o.status = $3"),
);

const counts = statement("orders.counts", "select status, count(*)::int as count from orders group by status");

/** Orders of any tenant by id, for the order process. */
export async function loadOrders(database: Database, ids: readonly string[]): Promise<FoundOrder[]> {
  return (await database.acrossTenants.query<OrderRow>(loadMany, [ids])).map(foundOrder);
}

/** An order that was read, with what tells whether its row is still the same: the id of the transaction that wrote it. */
export interface ReadOrder {
  readonly order: FoundOrder;
  readonly written: string;
}

/**
 * Orders of any tenant, by id. One whose row is still as it is known comes back as it is known: nothing of it is read.
 * What changes an order writes its row in `orders`, whatever else it writes.
 *
 * @param known what is known of each of the ids
 */
export async function reloadOrders(
  database: Database,
  known: ReadonlyMap<string, ReadOrder | undefined>,
): Promise<ReadOrder[]> {
  type Row = { readonly known: string; readonly written: string } & (OrderRow | { readonly id: null });
  const rows = await database.acrossTenants.query<Row>(reloadMany, [
    [...known.keys()],
    [...known.values()].map((read) => read?.written ?? null),
  ]);
  return rows.map((row) =>
    row.id === null ? (known.get(row.known) as ReadOrder) : { order: foundOrder(row), written: row.written },
  );
}

/** The orders that have a number: a tenant's, or those of all tenants (`*`), as each has its own numbers. */
export async function findByOrderNumber(database: Database, tenant: string, number: string): Promise<FoundOrder[]> {
  return (await database.of(tenant).query<OrderRow>(findByNumber, [tenant, number])).map(foundOrder);
}

export interface OrderFilter {
  readonly tenant: string;
  readonly customerId?: string | undefined;
  readonly status?: OrderStatus | undefined;
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  /** Only orders older than this one. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Orders of a tenant, newest first. */
export async function listOrders(database: Database, filter: OrderFilter): Promise<FoundOrder[]> {
  const { tenant, customerId = null, status = null, from = null, to = null, before = null, limit } = filter;
  const rows = await database
    .of(tenant)
    .query<OrderRow>(status ? listByStatus : list, [tenant, customerId, status, from, to, before, limit]);
  return rows.map(foundOrder);
}

/** How many orders there are of each status. */
export function countByStatus(database: Database): Promise<{ status: string; count: number }[]> {
  return database.acrossTenants.query(counts);
}

/** The events of orders of a tenant, or of all (`*`), by order. */
export async function eventsOf(
  log: EventLog,
  tenant: string,
  ids: readonly string[],
): Promise<Map<string, AnyEvent[]>> {
  const streams = new Map<string, AnyEvent[]>();
  for (const event of await log.streams(tenant, ids)) {
    const stream = streams.get(event.stream);
    if (stream) stream.push(event);
    else streams.set(event.stream, [event]);
  }
  return streams;
}
