import { crc32 } from "node:zlib";
import type { Instant } from "../../platform/clock.ts";
import { statement, type Tx } from "../../platform/database.ts";
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

type Queries = Pick<Tx, "query">;

const holdShared = statement(
  "delivery.hold_shared",
  "select pg_advisory_xact_lock_shared(hashtext('waybill delivery orders'), bucket) from unnest($1::int[]) as bucket",
);
const holdAlone = statement(
  "delivery.hold_alone",
  "select pg_advisory_xact_lock(hashtext('waybill delivery orders'), bucket) from unnest($1::int[]) as bucket",
);

const COLUMNS = "s.id, s.tenant, s.order_id, s.status, s.carrier, s.tracking_number, s.lines, s.version";
const ofOrders = "join unnest($1::text[], $2::uuid[]) as k(tenant, order_id) using (tenant, order_id)";
const lockByOrder = statement(
  "delivery.lock_by_order",
  `select ${COLUMNS} from shipments s ${ofOrders} order by s.id for update of s`,
);
const lockById = statement(
  "delivery.lock_by_id",
  `select ${COLUMNS} from shipments s where s.id = any($1) order by s.id for update`,
);
const lockSeen = statement(
  "delivery.lock_seen",
  `select ${COLUMNS} from shipments s where s.id = $1 and s.tenant = $2 and ($3::text is null or s.customer_id = $3) for update`,
);

const insert = statement(
  "delivery.insert",
  `with made as (
     insert into shipments (id, tenant, order_id, customer_id, status, carrier, tracking_number, lines, version, created_at, updated_at)
     select id, tenant, order_id, customer_id, status, carrier, tracking_number, lines, version, $3, $3
     from json_to_recordset($1) as s(id uuid, tenant text, order_id uuid, customer_id text, status text, carrier text,
       tracking_number text, lines jsonb, version int)
     order by tenant, order_id on conflict (tenant, order_id) do nothing returning id),
   trail as (
     insert into shipment_trail (shipment_id, status, detail, location, actor, at)
     select shipment_id, status, detail, location, actor, at
     from json_to_recordset($2) as t(shipment_id uuid, status text, detail text, location text, actor text, at timestamptz)
     where shipment_id in (select id from made))
   select id from made`,
);
const save = statement(
  "delivery.save",
  `with moved as (
     update shipments s set status = m.status, tracking_number = m.tracking_number, version = m.version, updated_at = $3
     from json_to_recordset($1) as m(id uuid, status text, tracking_number text, version int) where s.id = m.id)
   insert into shipment_trail (shipment_id, status, detail, location, actor, at)
   select shipment_id, status, detail, location, actor, at
   from json_to_recordset($2) as t(shipment_id uuid, status text, detail text, location text, actor text, at timestamptz)`,
);

const insertTombstones = statement(
  "delivery.insert_tombstones",
  `insert into cancel_tombstones (tenant, order_id, code, by, message, at)
   select tenant, order_id, code, by, message, $2
   from json_to_recordset($1) as t(tenant text, order_id uuid, code text, by text, message text)
   order by tenant, order_id on conflict do nothing`,
);
const tombstones = statement(
  "delivery.tombstones",
  `select tenant, order_id as "orderId", code, by, message from cancel_tombstones ${ofOrders}`,
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
export async function holdOrders(tx: Tx, orderIds: readonly string[], how: "shared" | "alone"): Promise<void> {
  const buckets = new Set(orderIds.map((id) => crc32(id.toLowerCase()) % BUCKETS));
  await tx.query(how === "shared" ? holdShared : holdAlone, [[...buckets].sort((a, b) => a - b)]);
}

/** Locks the shipments of orders. */
export async function lockOfOrders(tx: Tx, orders: readonly OrderKey[]): Promise<ShipmentState[]> {
  return (await tx.query<Row>(lockByOrder, keysOf(orders))).map(stateOf);
}

export async function lockShipments(tx: Tx, ids: readonly string[]): Promise<ShipmentState[]> {
  return (await tx.query<Row>(lockById, [ids])).map(stateOf);
}

/** Locks a shipment that the caller may see. */
export async function lockShipment(tx: Tx, viewer: Viewer, id: string): Promise<ShipmentState | undefined> {
  const [row] = await tx.query<Row>(lockSeen, [id, viewer.tenant, viewer.customer ?? null]);
  return row && stateOf(row);
}

/** Adds shipments with their first entry. Answers those that are new: an order that has one keeps it. */
export async function insertShipments(
  tx: Tx,
  shipments: readonly { readonly state: ShipmentState; readonly customer: string | undefined }[],
  trail: readonly TrailRow[],
  at: Instant,
): Promise<Set<string>> {
  const rows = shipments.map(({ state, customer }) => ({ ...rowOf(state), customer_id: customer }));
  const made = await tx.query<{ id: string }>(insert, [JSON.stringify(rows), JSON.stringify(trail), at]);
  return new Set(made.map(({ id }) => id));
}

/** Writes locked shipments back, and adds to their trails. */
export async function saveShipments(
  tx: Tx,
  states: readonly ShipmentState[],
  trail: readonly TrailRow[],
  at: Instant,
): Promise<void> {
  if (states.length === 0) return;
  await tx.query(save, [JSON.stringify(states.map(rowOf)), JSON.stringify(trail), at]);
}

/** Keeps why orders were cancelled that have no shipment yet. The first reason stays. */
export async function addTombstones(
  tx: Tx,
  cancelled: readonly (OrderKey & Cancellation)[],
  at: Instant,
): Promise<void> {
  if (cancelled.length === 0) return;
  const rows = cancelled.map(({ orderId, ...rest }) => ({ order_id: orderId, ...rest }));
  await tx.query(insertTombstones, [JSON.stringify(rows), at]);
}

export async function tombstonesOf(tx: Tx, orders: readonly OrderKey[]): Promise<(OrderKey & Cancellation)[]> {
  const rows = await tx.query<OrderKey & { code: string; by: string; message: string | null }>(
    tombstones,
    keysOf(orders),
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

function keysOf(orders: readonly OrderKey[]): [string[], string[]] {
  return [orders.map((order) => order.tenant), orders.map((order) => order.orderId)];
}
