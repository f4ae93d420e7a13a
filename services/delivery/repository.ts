import { crc32 } from "node:zlib";
import type { Instant } from "../../platform/clock.ts";
import { type Queries, statement, type Tx } from "../../platform/database.ts";
import { appending, type EventLog, eventParameters, eventsFrom, type NewEvent } from "../../platform/event-log.ts";
import { Recordset } from "../../platform/recordset.ts";
import type { Shipment } from "./contract.ts";
import { type ReadRow, type Row, rowOf, stateOf, viewOf } from "./rows.ts";
import type { Cancellation, ShipmentState, TrailRow } from "./shipment.ts";

export interface OrderKey {
  readonly tenant: string;
  readonly orderId: string;
}

/** Whose shipments are asked for: a tenant's, or those of one of its customers. */
export interface Viewer {
  readonly tenant: string;
  readonly customer?: string;
}

const holdShared = statement(
  "delivery.hold_shared",
  "select pg_advisory_xact_lock_shared(hashtext('waybill delivery orders'), bucket) from unnest($1::int[]) as bucket",
);
const holdAlone = statement(
  "delivery.hold_alone",
  "select pg_advisory_xact_lock(hashtext('waybill delivery orders'), bucket) from unnest($1::int[]) as bucket",
);

const COLUMNS = "s.id, s.tenant, s.order_id, s.status, s.carrier, s.tracking_number, s.lines, s.version";
const ORDERS = new Recordset<OrderKey>("tenant text, orderId uuid");
const ofOrders = (table: string) =>
  `${ORDERS.from("k")} join ${table} s on s.tenant = k.tenant and s.order_id = k."orderId"`;
const lockByOrder = statement(
  "delivery.lock_by_order",
  `select ${COLUMNS} from ${ofOrders("shipments")} order by s.id for update of s`,
);
const lockById = statement(
  "delivery.lock_by_id",
  `select ${COLUMNS} from shipments s where s.id = any($1) order by s.id for update`,
);
const lockSeen = statement(
  "delivery.lock_seen",
  `select ${COLUMNS} from shipments s where s.id = $1 and s.tenant = $2 and ($3::text is null or s.customer_id = $3) for update`,
);

const SHIPMENTS = new Recordset<Row & { readonly customer_id: string | undefined }>(
  `id uuid, tenant text, order_id uuid, customer_id text, status text, carrier text, tracking_number json, lines jsonb,
   version int`,
);
// What somebody has written, or may be called, is JSON: it may hold anything.
const TRAIL = new Recordset<TrailRow>(
  "shipment_id uuid, status text, detail json, location json, actor json, at timestamptz",
);
const tracing = (first: number) =>
  `insert into shipment_trail (shipment_id, status, detail, location, actor, at)
   select shipment_id, status, detail #>> '{}', location #>> '{}', actor #>> '{}', at from ${TRAIL.from("t", first)}`;
const EVENTS = 2 + SHIPMENTS.width + TRAIL.width;
const insert = statement(
  "delivery.insert",
  `with made as (
     insert into shipments (id, tenant, order_id, customer_id, status, carrier, tracking_number, lines, version, created_at, updated_at)
     select id, tenant, order_id, customer_id, status, carrier, tracking_number #>> '{}', lines, version, $1::timestamptz, $1::timestamptz
     from ${SHIPMENTS.from("s", 2)}
     order by tenant, order_id on conflict (tenant, order_id) do nothing returning id),
   trail as (${tracing(2 + SHIPMENTS.width)} where (shipment_id in (select id from made)) is true),
   ${appending(`(select * from ${eventsFrom("e", EVENTS)} where (stream in (select id from made)) is true) e`)}
   select id from made`,
);
const MOVED = new Recordset<Row>("id uuid, status text, tracking_number json, version int");
const save = statement(
  "delivery.save",
  `with moved as (
     update shipments s set status = m.status, tracking_number = m.tracking_number #>> '{}', version = m.version,
       updated_at = $1::timestamptz
     from ${MOVED.from("m", 2)} where s.id = m.id),
   trail as (${tracing(2 + MOVED.width)}),
   ${appending(eventsFrom("e", 2 + MOVED.width + TRAIL.width))}
   select`,
);

const TOMBSTONES = new Recordset<OrderKey & Cancellation>(
  "tenant text, orderId uuid, code json, by json, message json",
);
const insertTombstones = statement(
  "delivery.insert_tombstones",
  `insert into cancel_tombstones (tenant, order_id, code, by, message, at)
   select tenant, "orderId", code #>> '{}', by #>> '{}', message #>> '{}', $1::timestamptz from ${TOMBSTONES.from("t", 2)}
   order by tenant, "orderId" on conflict do nothing`,
);
const tombstones = statement(
  "delivery.tombstones",
  `select s.tenant, s.order_id as "orderId", s.code, s.by, s.message from ${ofOrders("cancel_tombstones")}`,
);

const READ = `select s.id, s.order_id, s.status, s.carrier, s.tracking_number, s.lines, s.created_at, s.updated_at,
    (select json_agg(t order by t.position) from shipment_trail t where t.shipment_id = s.id) as trail
  from shipments s where s.tenant = $1 and ($2::text is null or s.customer_id = $2)`;
const readOne = statement("delivery.read", `${READ} and s.id = $3`);
const readOfOrder = statement("delivery.read_of_order", `${READ} and s.order_id = $3 order by s.id desc limit 1`);
const readList = statement("delivery.list", `${READ} and ($3::uuid is null or s.id < $3) order by s.id desc limit $4`);
// One statement for both would be planned for neither: a tenant's whole index read for one order.
const readListOfOrder = statement(
  "delivery.list_of_order",
  `${READ} and ($3::uuid is null or s.id < $3) and s.order_id = $5 order by s.id desc limit $4`,
);

/** So few that a set can not fill the server's lock table, so many that orders seldom wait for each other. */
const BUCKETS = 64;

/**
 * Until the end of the transaction nobody else decides whether these orders get a shipment: without a row of either
 * to lock, a cancel that leaves a tombstone and a confirmation that makes the shipment would not see each other.
 * Confirmations hold orders together (`shared`), cancels alone. To be called first, so that what is read after it
 * shows what the others have committed.
 */
export function holdOrders(tx: Tx, orderIds: readonly string[], how: "shared" | "alone"): void {
  const buckets = new Set(orderIds.map((id) => crc32(id.toLowerCase()) % BUCKETS));
  tx.send(how === "shared" ? holdShared : holdAlone, [[...buckets].sort((a, b) => a - b)]);
}

/** Locks the shipments of orders. */
export async function lockOfOrders(tx: Tx, orders: readonly OrderKey[]): Promise<ShipmentState[]> {
  return (await tx.query<Row>(lockByOrder, ORDERS.values(orders))).map(stateOf);
}

export async function lockShipments(tx: Tx, ids: readonly string[]): Promise<ShipmentState[]> {
  return (await tx.query<Row>(lockById, [ids])).map(stateOf);
}

/** Locks a shipment that the caller may see. */
export async function lockShipment(tx: Tx, viewer: Viewer, id: string): Promise<ShipmentState | undefined> {
  const [row] = await tx.query<Row>(lockSeen, [id, viewer.tenant, viewer.customer ?? null]);
  return row && stateOf(row);
}

/** A shipment that is new. */
export interface NewShipment {
  readonly state: ShipmentState;
  readonly customer: string | undefined;
  readonly trail: TrailRow;
  readonly event: NewEvent;
}

/**
 * Adds shipments with their first entry and event. Answers those that are new: an order that has one keeps it, and
 * nothing is written.
 */
export async function insertShipments(
  tx: Tx,
  log: EventLog,
  shipments: readonly NewShipment[],
  at: Instant,
): Promise<Set<string>> {
  const rows = shipments.map(({ state, customer }) => ({ ...rowOf(state), customer_id: customer }));
  const made = await tx.query<{ id: string }>(insert, [
    at,
    ...SHIPMENTS.values(rows),
    ...TRAIL.values(shipments.map(({ trail }) => trail)),
    ...eventParameters(shipments.map(({ event }) => event)),
  ]);
  log.appendedIn(tx);
  return new Set(made.map(({ id }) => id));
}

/** Writes locked shipments back, adds to their trails, and appends their events. */
export function saveShipments(
  tx: Tx,
  log: EventLog,
  states: readonly ShipmentState[],
  trail: readonly TrailRow[],
  events: readonly NewEvent[],
  at: Instant,
): void {
  if (states.length === 0) return;
  tx.send(save, [at, ...MOVED.values(states.map(rowOf)), ...TRAIL.values(trail), ...eventParameters(events)]);
  log.appendedIn(tx);
}

/** Keeps why orders were cancelled that have no shipment yet. The first reason stays. */
export function addTombstones(tx: Tx, cancelled: readonly (OrderKey & Cancellation)[], at: Instant): void {
  if (cancelled.length > 0) tx.send(insertTombstones, [at, ...TOMBSTONES.values(cancelled)]);
}

export async function tombstonesOf(tx: Tx, orders: readonly OrderKey[]): Promise<(OrderKey & Cancellation)[]> {
  const rows = await tx.query<OrderKey & { code: string; by: string; message: string | null }>(
    tombstones,
    ORDERS.values(orders),
  );
  return rows.map(({ message, ...rest }) => ({ ...rest, ...(message !== null && { message }) }));
}

export async function findShipment(queries: Queries, viewer: Viewer, id: string): Promise<Shipment | undefined> {
  const [row] = await queries.query<ReadRow>(readOne, [viewer.tenant, viewer.customer ?? null, id]);
  return row && viewOf(row);
}

/** The latest shipment of an order. */
export async function findOfOrder(queries: Queries, viewer: Viewer, orderId: string): Promise<Shipment | undefined> {
  const [row] = await queries.query<ReadRow>(readOfOrder, [viewer.tenant, viewer.customer ?? null, orderId]);
  return row && viewOf(row);
}

/** Shipments, newest first, below an id; of one order if it is given. */
export async function listShipments(
  queries: Queries,
  viewer: Viewer,
  filter: { readonly orderId: string | undefined; readonly below: string | undefined; readonly limit: number },
): Promise<Shipment[]> {
  const values = [viewer.tenant, viewer.customer ?? null, filter.below ?? null, filter.limit];
  const rows = await (filter.orderId === undefined
    ? queries.query<ReadRow>(readList, values)
    : queries.query<ReadRow>(readListOfOrder, [...values, filter.orderId]));
  return rows.map(viewOf);
}
