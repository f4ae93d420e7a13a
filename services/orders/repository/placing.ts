import { type Database, statement } from "../../../platform/database.ts";
import { appending, type EventLog } from "../../../platform/event-log.ts";
import { newId, partitionOf } from "../../../platform/ids.ts";
import { Recordset } from "../../../platform/recordset.ts";
import type { OrderChange, OrderState } from "../order.ts";
import { deadlineOf } from "../process.ts";
import { storedState } from "./rows.ts";

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

const numberBlock = statement("orders.number_block", "select nextval('order_numbers')::bigint as first");

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
