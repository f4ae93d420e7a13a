import type { Instant } from "../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../platform/database.ts";
import { type AnyEvent, appending, type EventLog, eventParameters, eventsFrom } from "../../platform/event-log.ts";
import { newId, partitionOf } from "../../platform/ids.ts";
import { Recordset } from "../../platform/recordset.ts";
import type { OrderStatus } from "./contract.ts";
import type { OrderChange, OrderState, PlacedData, StoredOrder } from "./order.ts";
import type { PersonalData } from "./order-view.ts";
import { deadlineOf } from "./process.ts";

/** The members of a state that change; the rest stands in order_details. */
type StoredState = Omit<OrderState, "id" | "tenant" | "placed" | "status" | "createdAt" | "updatedAt">;

interface StoredRow {
  readonly id: string;
  readonly tenant: string;
  readonly status: OrderStatus;
  readonly streamVersion: number;
  readonly state: StoredState;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly placed: PlacedData;
}

interface OrderRow extends StoredRow {
  readonly personal: PersonalData | null;
  readonly sealed: Buffer | null;
}

/** An order's personal data as they are kept: sealed, or in rows of before as they are. */
export interface KeptPersonalData {
  readonly sealed: Buffer | null;
  readonly plain: PersonalData | null;
}

/** An order with what is kept apart from its events. */
export interface FoundOrder extends StoredOrder {
  readonly personal: KeptPersonalData;
}

const STORED = `o.id, o.tenant, o.status, o.stream_version as "streamVersion", o.state, o.created_at as "createdAt",
  o.updated_at as "updatedAt", d.placed`;
const COLUMNS = `${STORED}, d.personal, d.sealed`;
const FROM = "from orders o join order_details d on d.order_id = o.id";

const findOne = statement(
  "orders.find",
  `select ${COLUMNS} ${FROM} where o.id = $1 and o.tenant = $2 and ($3::uuid is null or o.customer_id = $3)`,
);
const loadMany = statement("orders.load", `select ${COLUMNS} ${FROM} where o.id = any($1)`);
// Of a row that is known as it is nothing but that is read; what an outer join does not find is null.
const reloadMany = statement(
  "orders.reload",
  `select o.id as known, o.xmin::text as written, n.*
   from unnest($1::uuid[], $2::text[]) as k(id, written) join orders o on o.id = k.id left join lateral (
     select ${COLUMNS} from order_details d
     where d.order_id = case when o.xmin::text is distinct from k.written then o.id end) n on true`,
);
const lockMany = statement(
  "orders.lock",
  `select ${STORED} ${FROM} where o.id = any($1) order by o.id for update of o`,
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
const numberBlock = statement("orders.number_block", "select nextval('order_numbers')::bigint as first");

/** An order to be placed, with all its rows. */
export interface Placement {
  readonly state: OrderState;
  readonly event: OrderChange["events"][number];
  /** Its personal data, sealed. */
  readonly sealed: Buffer;
  /** The `Idempotency-Key` and the response that is kept for it, sealed too. */
  readonly key?: {
    readonly client: string;
    readonly route: string;
    readonly key: string;
    readonly fingerprint: string;
    readonly answer: Buffer;
  };
}

const PLACED = new Recordset<object>(
  `id uuid, tenant text, number text, customerId uuid, at timestamptz, deadlineAt timestamptz, state jsonb, placed json,
   sealed text, client text, route text, key text, fingerprint text, answer text, eventId uuid, meta json, partition smallint`,
);

// One statement places a set: whose key is taken already is left out of everything that follows. Keys are claimed in
// one order by everybody, so that sets of two nodes with the same keys do not wait for each other in a circle.
const place = statement(
  "orders.place",
  `with request as (select * from ${PLACED.from("r")}),
   won as (
     insert into idempotency_keys (tenant, client, route, key, fingerprint, sealed, created_at)
     select tenant, client, route, key, fingerprint, decode(answer, 'base64'), at from request where key is not null
     order by tenant, client, route, key on conflict do nothing returning tenant, client, route, key),
   accepted as (
     select * from request
     where key is null or (tenant, client, route, key) in (select tenant, client, route, key from won)),
   inserted as (
     insert into orders (id, tenant, number, customer_id, status, stream_version, state, created_at, updated_at, deadline_at)
     select id, tenant, number, "customerId", 'PENDING', 1, state, at, at, "deadlineAt" from accepted returning id),
   details as (
     insert into order_details (order_id, tenant, placed, sealed)
     select id, tenant, placed, decode(sealed, 'base64') from accepted),
   ${appending(`(
     select "eventId" as id, id as stream, 1 as version, 'orders.placed.v1' as type, tenant, placed as data, meta, at, partition
     from accepted) e`)}
   select id from inserted`,
);

const CHANGED = new Recordset<object>(
  "id uuid, expected int, streamVersion int, status text, state jsonb, updatedAt timestamptz, deadlineAt timestamptz",
);

// The events go with the row: where another writer was first neither is written. `is true` keeps the planner from making
// a join of it, which would compare every event with every row.
const save = statement(
  "orders.save",
  `with saved as (
     update orders o set stream_version = c."streamVersion", status = c.status, state = c.state, updated_at = c."updatedAt",
       deadline_at = c."deadlineAt"
     from ${CHANGED.from("c", 2)} where o.id = c.id and o.stream_version = c.expected returning o.id),
   settled as (delete from processes p using saved s where p.order_id = s.id and $1),
   ${appending(`(
     select * from ${eventsFrom("e", 2 + CHANGED.width)} where (stream in (select id from saved)) is true order by version) e`)}
   select id from saved`,
);

const overdue = statement(
  "orders.overdue",
  "select id from orders where deadline_at <= $1 order by deadline_at limit $2",
);
const postpone = statement("orders.postpone", "update orders set deadline_at = $2 where id = any($1)");
const counts = statement("orders.counts", "select status, count(*)::int as count from orders group by status");
const allIds = statement("orders.ids", "select id from orders where id > $1 order by id limit $2");
const rewrite = statement(
  "orders.rewrite",
  `with r as (
     select * from json_to_recordset($1) as r(
       id uuid, "streamVersion" int, status text, state jsonb, placed jsonb, number text, "customerId" uuid,
       "createdAt" timestamptz, "updatedAt" timestamptz, "deadlineAt" timestamptz)),
   details as (update order_details d set placed = r.placed from r where d.order_id = r.id)
   update orders o set stream_version = r."streamVersion", status = r.status, state = r.state, number = r.number,
     customer_id = r."customerId", created_at = r."createdAt", updated_at = r."updatedAt", deadline_at = r."deadlineAt"
   from r where o.id = r.id returning o.id`,
);

/** The sequence's increment: so many numbers belong to whoever took the first. */
const NUMBER_BLOCK = 100;

/** Order counters of this node's own, fetched by the block. */
export function numberSource(database: Database): () => Promise<number> {
  let next = 0;
  let left = 0;
  let fetching: Promise<void> | undefined;
  const fetch = async () => {
    const [row] = await database.acrossTenants.query<{ first: number }>(numberBlock);
    next = (row as { first: number }).first;
    left = NUMBER_BLOCK;
  };
  return async () => {
    while (left === 0) {
      fetching ??= fetch().finally(() => {
        fetching = undefined;
      });
      await fetching;
    }
    left--;
    return next++;
  };
}

/**
 * Writes a set of new orders with their events, keys and responses: a transaction of its own. Answers the ids of those
 * that were placed; the others' keys had been used.
 */
export async function placeOrders(
  database: Database,
  log: EventLog,
  placements: readonly Placement[],
): Promise<Set<string>> {
  const rows = placements.map(({ state, event, sealed, key }) => ({
    id: state.id,
    tenant: state.tenant,
    number: state.placed.number,
    customerId: state.placed.customerId,
    at: state.createdAt,
    deadlineAt: deadlineOf(state),
    state: storedState(state),
    placed: event.data,
    sealed: sealed.toString("base64"),
    eventId: newId(),
    meta: event.meta,
    partition: partitionOf(state.id),
    ...key,
    answer: key?.answer.toString("base64"),
  }));
  const placed = await database.acrossTenants.write<{ id: string }>(place, PLACED.values(rows));
  log.onAppended();
  return new Set(placed.map((row) => row.id));
}

/**
 * Writes changes with their events, each only if the order is still at the version it was decided on. Answers the
 * ids of those that were written.
 *
 * @param by who changes them: a step of the process that was done ends the process's trouble, nothing else does
 */
export async function saveOrders(
  tx: Tx,
  log: EventLog,
  changes: readonly OrderChange[],
  by: "step" | "other" = "other",
): Promise<Set<string>> {
  if (changes.length === 0) return new Set();
  const rows = changes.map(({ state, expected, streamVersion }) => ({
    id: state.id,
    expected,
    streamVersion,
    status: state.status,
    state: storedState(state),
    updatedAt: state.updatedAt,
    deadlineAt: deadlineOf(state),
  }));
  const events = eventParameters(changes.flatMap((change) => change.events));
  const saved = await tx.query<{ id: string }>(save, [by === "step", ...CHANGED.values(rows), ...events]);
  log.appendedIn(tx);
  return new Set(saved.map((row) => row.id));
}

/** An order of a tenant, and of a customer if one is named. */
export async function findOrder(
  database: Database,
  id: string,
  tenant: string,
  customer: string | undefined,
): Promise<FoundOrder | undefined> {
  const [row] = await database.of(tenant).query<OrderRow>(findOne, [id, tenant, customer ?? null]);
  return row && foundOrder(row);
}

/** The orders that have a number: a tenant's, or those of all tenants (`*`), as each has its own numbers. */
export async function findByOrderNumber(database: Database, tenant: string, number: string): Promise<FoundOrder[]> {
  return (await database.of(tenant).query<OrderRow>(findByNumber, [tenant, number])).map(foundOrder);
}

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
 * Orders of any tenant, by id. One whose row is still as it is known comes back as it is known, for a tenth of the work.
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

/**
 * Orders by id, locked in one order for everybody, so that two sets do not wait for each other. Without their personal data,
 * which no decision needs.
 */
export async function lockOrders(tx: Tx, ids: readonly string[]): Promise<StoredOrder[]> {
  return (await tx.query<StoredRow>(lockMany, [ids])).map(storedOrder);
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

/** Orders whose deadline has passed. */
export async function overdueOrders(database: Database, now: Instant, limit: number): Promise<string[]> {
  return (await database.acrossTenants.query<{ id: string }>(overdue, [now, limit])).map((row) => row.id);
}

/** Asks about the deadlines of some orders again later. */
export async function postponeDeadlines(tx: Tx, ids: readonly string[], until: Instant): Promise<void> {
  if (ids.length > 0) await tx.query(postpone, [ids, until]);
}

/** How many orders there are of each status. */
export function countByStatus(database: Database): Promise<{ status: string; count: number }[]> {
  return database.acrossTenants.query(counts);
}

/** The ids of orders after one of them, in order: for going over all. */
export async function orderIdsAfter(database: Database, after: string, limit: number): Promise<string[]> {
  return (await database.acrossTenants.query<{ id: string }>(allIds, [after, limit])).map((row) => row.id);
}

/** Writes projections anew as their events say. */
export async function rewriteOrders(tx: Tx, orders: readonly StoredOrder[]): Promise<void> {
  const rows = orders.map(({ state, streamVersion }) => ({
    id: state.id,
    streamVersion,
    status: state.status,
    state: storedState(state),
    placed: state.placed,
    number: state.placed.number,
    customerId: state.placed.customerId,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
    deadlineAt: deadlineOf(state),
  }));
  await tx.query(rewrite, [JSON.stringify(rows)]);
}

const plain = statement(
  "orders.plain",
  "select order_id as id, tenant, personal from order_details where sealed is null order by order_id limit $1 for update skip locked",
);
const SEALED = new Recordset<object>("id uuid, sealed text");
const seal = statement(
  "orders.seal",
  `update order_details d set sealed = decode(s.sealed, 'base64'), personal = null from ${SEALED.from("s")}
   where d.order_id = s.id`,
);

/** Orders whose personal data are not sealed, locked. */
export function lockPlain(tx: Tx, limit: number): Promise<{ id: string; tenant: string; personal: PersonalData }[]> {
  return tx.query(plain, [limit]);
}

/** Keeps personal data of orders sealed, and nothing else of them. */
export async function keepSealed(tx: Tx, rows: readonly { id: string; sealed: Buffer }[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(seal, SEALED.values(rows.map(({ id, sealed }) => ({ id, sealed: sealed.toString("base64") }))));
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

function storedState({
  id: _i,
  tenant: _t,
  placed: _p,
  status: _s,
  createdAt: _c,
  updatedAt: _u,
  ...state
}: OrderState): StoredState {
  return state;
}

function storedOrder({
  id,
  tenant,
  status,
  streamVersion,
  state,
  createdAt,
  updatedAt,
  placed,
}: StoredRow): StoredOrder {
  return { state: { ...state, id, tenant, status, placed, createdAt, updatedAt }, streamVersion };
}

function foundOrder(row: OrderRow): FoundOrder {
  return { ...storedOrder(row), personal: { sealed: row.sealed, plain: row.personal } };
}
