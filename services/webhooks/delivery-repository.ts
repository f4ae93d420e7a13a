import type { Instant } from "../../platform/clock.ts";
import { type Queries, statement, type Tx } from "../../platform/database.ts";
import { Recordset } from "../../platform/recordset.ts";
import type { Delivery, DeliveryState } from "./contract.ts";

/** An event for an endpoint, as it is recorded. */
export interface NewDelivery {
  readonly id: string;
  readonly endpointId: string;
  readonly tenant: string;
  readonly eventId: string;
  readonly orderId: string;
  readonly sequence: number;
  readonly type: string;
  readonly version: number;
}

/** What of an event is sent, to all endpoints the same. */
export interface NewPayload {
  readonly eventId: string;
  readonly tenant: string;
  readonly body: string;
}

/** A call that was made, and what came of it. */
export interface AttemptRow {
  readonly number: number;
  readonly at: Instant;
  readonly durationMs: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly response: Buffer | null;
}

interface Row extends Omit<Delivery, "dueAt" | "settledAt"> {
  readonly dueAt: Instant;
  readonly settledAt: Instant | null;
}

const DELIVERIES = new Recordset<NewDelivery>(
  "id uuid, endpointId uuid, tenant text, eventId uuid, orderId uuid, sequence bigint, type text, version int",
);
const PAYLOADS = new Recordset<NewPayload>("eventId uuid, tenant text, body json");
const record = statement(
  "deliveries.record",
  `with kept as (
     insert into payloads (event_id, tenant, body, recorded_at)
     select "eventId", tenant, body #>> '{}', $1::timestamptz from ${PAYLOADS.from("p", 2 + DELIVERIES.width)}
     order by "eventId" on conflict do nothing)
   insert into deliveries (endpoint_id, id, tenant, event_id, order_id, sequence, type, version, due_at, created_at)
   select "endpointId", id, tenant, "eventId", "orderId", sequence, type, version, $1::timestamptz, $1::timestamptz
   from ${DELIVERIES.from("d", 2)} order by "endpointId", id on conflict (endpoint_id, event_id) do nothing`,
);

const recordSent = statement(
  "deliveries.record_sent",
  `with kept as (
     insert into payloads (event_id, tenant, body, recorded_at) values ($4, $3, $6, $8)),
   tried as (
     insert into attempts (delivery_id, number, tenant, at, duration_ms, status, error, response)
     values ($2, 1, $3, $8, $9, $10, $11, $12))
   insert into deliveries (endpoint_id, id, tenant, event_id, order_id, sequence, type, version, state, attempts, due_at,
     settled_at, created_at)
   values ($1, $2, $3, $4, $4, 0, $5, 1, $7, 1, $8, $8, $8)`,
);

const COLUMNS = `d.id, d.event_id as "eventId", d.type, d.order_id as "orderId", d.version, d.state, d.attempts,
  d.due_at as "dueAt", d.settled_at as "settledAt", d.created_at as "createdAt"`;
const LISTED = `select ${COLUMNS} from deliveries d where d.endpoint_id = $1 and d.id >= $2 and d.id < $3`;
const list = statement("deliveries.list", `${LISTED} order by d.id desc limit $4`);
const listOfState = statement("deliveries.list_of_state", `${LISTED} and d.state = $5 order by d.id desc limit $4`);
const find = statement(
  "deliveries.find",
  `select ${COLUMNS}, p.body from deliveries d left join payloads p on p.event_id = d.event_id
   where d.endpoint_id = $1 and d.id = $2`,
);
const attempts = statement(
  "deliveries.attempts",
  `select number, at, duration_ms as "durationMs", status, error, response from attempts
   where delivery_id = $1 order by number desc limit $2`,
);

const REQUEUED = `state = 'PENDING', due_at = $2, failing_since = null, failed_at = null, settled_at = null`;
const replayOne = statement(
  "deliveries.replay",
  `update deliveries d set ${REQUEUED}
   where d.endpoint_id = $1 and d.id = $3 returning ${COLUMNS}`,
);
const replayMany = (name: string, states: string) =>
  statement(
    `deliveries.replay_${name}`,
    `with again as (
       update deliveries d set ${REQUEUED}
       where d.endpoint_id = $1 and d.id in (
         select id from deliveries where endpoint_id = $1 and id >= $3 and id < $4 and ($6::uuid is null or id > $6) and ${states}
         order by id limit $5 for update)
       returning d.id)
     select count(*)::int as count, (select id from again order by id desc limit 1) as last from again`,
  );
const replayed = {
  FAILED: replayMany("failed", "state = 'FAILED'"),
  DELIVERED: replayMany("delivered", "state = 'DELIVERED'"),
  all: replayMany("all", "state <> 'PENDING'"),
};

/** Adds deliveries, each once an event and endpoint, and what is sent. */
export async function recordDeliveries(
  tx: Tx,
  deliveries: readonly NewDelivery[],
  payloads: readonly NewPayload[],
  now: Instant,
): Promise<void> {
  await tx.query(record, [now, ...DELIVERIES.values(deliveries), ...PAYLOADS.values(payloads)]);
}

/** A delivery that was not in the queue, with what came of it. */
export interface SentTest extends Pick<NewDelivery, "id" | "endpointId" | "tenant" | "eventId" | "type"> {
  readonly body: string;
  readonly state: "DELIVERED" | "FAILED";
  readonly at: Instant;
  readonly durationMs: number;
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly response: Buffer | undefined;
}

/** Adds a delivery that was sent, to stand in the history as the others do. */
export async function recordTest(tx: Tx, test: SentTest): Promise<void> {
  const { id, endpointId, tenant, eventId, type, body, state, at, durationMs, status, error, response } = test;
  const answer = [durationMs, status ?? null, error ?? null, response ?? null];
  await tx.query(recordSent, [endpointId, id, tenant, eventId, type, body, state, at, ...answer]);
}

/** Which deliveries of an endpoint are asked for: those with ids of a range, which is a range of time. */
export interface DeliveryFilter {
  readonly state: DeliveryState | undefined;
  readonly fromId: string;
  readonly belowId: string;
}

/** Deliveries of an endpoint, newest first. */
export async function listDeliveries(
  queries: Queries,
  endpointId: string,
  { state, fromId, belowId }: DeliveryFilter,
  limit: number,
): Promise<Delivery[]> {
  const values = [endpointId, fromId, belowId, limit];
  const rows = await (state === undefined
    ? queries.query<Row>(list, values)
    : queries.query<Row>(listOfState, [...values, state]));
  return rows.map(deliveryOf);
}

/** A delivery with what is sent, which is gone a day after everything else of the event. */
export async function findDelivery(
  queries: Queries,
  endpointId: string,
  id: string,
): Promise<{ readonly delivery: Delivery; readonly body: string } | undefined> {
  const [row] = await queries.query<Row & { body: string | null }>(find, [endpointId, id]);
  if (!row) return undefined;
  const { body, ...rest } = row;
  return { delivery: deliveryOf(rest), body: body ?? "" };
}

/** The newest calls of a delivery, oldest first. */
export async function attemptsOf(queries: Queries, deliveryId: string, limit: number): Promise<AttemptRow[]> {
  return (await queries.query<AttemptRow>(attempts, [deliveryId, limit])).reverse();
}

/** Puts a delivery into the queue again, or has it due at once if it is there. */
export async function replayDelivery(
  tx: Tx,
  endpointId: string,
  id: string,
  now: Instant,
): Promise<Delivery | undefined> {
  const [row] = await tx.query<Row>(replayOne, [endpointId, now, id]);
  return row && deliveryOf(row);
}

/**
 * Puts deliveries into the queue again that are settled, the oldest first. Answers how many, and the newest of them.
 *
 * @param behind the newest of those before, where it goes on
 */
export async function replayDeliveries(
  tx: Tx,
  endpointId: string,
  { state, fromId, belowId }: DeliveryFilter,
  { limit, behind }: { readonly limit: number; readonly behind: string | undefined },
  now: Instant,
): Promise<{ readonly count: number; readonly last: string | null }> {
  const chosen = state === "FAILED" || state === "DELIVERED" ? replayed[state] : replayed.all;
  const values = [endpointId, now, fromId, belowId, limit, behind ?? null];
  const [row] = await tx.query<{ count: number; last: string | null }>(chosen, values);
  return row ?? { count: 0, last: null };
}

function deliveryOf({ dueAt, settledAt, ...row }: Row): Delivery {
  return { ...row, ...(row.state === "PENDING" && { dueAt }), ...(settledAt !== null && { settledAt }) };
}
