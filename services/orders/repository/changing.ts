import type { Instant } from "../../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../../platform/database.ts";
import { appending, type EventLog, eventParameters, eventsFrom } from "../../../platform/event-log.ts";
import { Recordset } from "../../../platform/recordset.ts";
import type { OrderChange, StoredOrder } from "../order.ts";
import { deadlineOf } from "../process.ts";
import { FROM, STORED, type StoredRow, storedOrder, storedState } from "./rows.ts";

const lockMany = statement(
  "orders.lock",
  `select ${STORED} ${FROM} where o.id = any($1) order by o.id for update of o`,
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

/**
 * Orders by id, locked in one order for everybody, so that two sets do not wait for each other. Without their personal data,
 * which no decision needs.
 */
export async function lockOrders(tx: Tx, ids: readonly string[]): Promise<StoredOrder[]> {
  return (await tx.query<StoredRow>(lockMany, [ids])).map(storedOrder);
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

/** Orders whose deadline has passed. */
export async function overdueOrders(database: Database, now: Instant, limit: number): Promise<string[]> {
  return (await database.acrossTenants.query<{ id: string }>(overdue, [now, limit])).map((row) => row.id);
}

/** Asks about the deadlines of some orders again later. */
export async function postponeDeadlines(tx: Tx, ids: readonly string[], until: Instant): Promise<void> {
  if (ids.length > 0) await tx.query(postpone, [ids, until]);
}
