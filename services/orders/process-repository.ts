import type { Instant } from "../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../platform/database.ts";

/** An order process in trouble. */
export interface ProcessRow {
  readonly orderId: string;
  readonly tenant: string;
  readonly number: string;
  readonly state: "retrying" | "stuck";
  readonly step: string;
  readonly attempts: number;
  readonly error: string;
  readonly dueAt: Instant;
  readonly since: Instant;
}

/** A process as it is shown: whose it is goes without saying. */
export function processView({ tenant: _, ...process }: ProcessRow): Omit<ProcessRow, "tenant"> {
  return process;
}

const COLUMNS = 'order_id as "orderId", tenant, number, state, step, attempts, error, due_at as "dueAt", since';

const record = statement(
  "processes.record",
  `insert into processes (order_id, tenant, number, state, step, attempts, error, due_at, since)
   select "orderId", tenant, number, state, step, attempts, error, "dueAt", since
   from json_to_recordset($1) as p(
     "orderId" uuid, tenant text, number text, state text, step text, attempts int, error text, "dueAt" timestamptz, since timestamptz)
   order by "orderId"
   on conflict (order_id) do update set state = excluded.state, step = excluded.step, attempts = excluded.attempts,
     error = excluded.error, due_at = excluded.due_at`,
);
const byOrder = statement("processes.by_order", `select ${COLUMNS} from processes where order_id = any($1)`);
const find = statement(
  "processes.find",
  `select ${COLUMNS} from processes where order_id = $1 and tenant = $2 for update`,
);
const due = statement(
  "processes.due",
  `update processes set due_at = $2 where order_id in (
     select order_id from processes where due_at <= $1 order by due_at limit $3 for update skip locked)
   returning ${COLUMNS}`,
);
const dueAgain = statement("processes.give_back", "update processes set due_at = $2 where order_id = any($1)");
const hurry = statement("processes.hurry", "update processes set due_at = $2, state = 'retrying' where order_id = $1");
const remove = statement("processes.remove", "delete from processes where order_id = $1");
// Only as it was taken: trouble that was recorded since is another one.
const removeTaken = statement(
  "processes.remove_taken",
  "delete from processes where order_id = any($1) and due_at = $2",
);
const adopt = statement(
  "processes.adopt",
  `insert into processes (order_id, tenant, number, state, step, attempts, error, due_at, since)
   select "orderId", tenant, number, 'retrying', step, 0, 'nobody had asked for it', $2, $2
   from json_to_recordset($1) as p("orderId" uuid, tenant text, number text, step text)
   order by "orderId" on conflict do nothing`,
);
const list = statement(
  "processes.list",
  `select ${COLUMNS} from processes
   where ($1 = '*' or tenant = $1) and ($2::text is null or state = $2) and ($3::uuid is null or order_id < $3)
     and ($5::uuid is null or order_id = $5)
   order by order_id desc limit $4`,
);
const counts = statement("processes.counts", "select state, count(*)::int as count from processes group by state");

/** Keeps what went wrong with some processes; the first trouble's time stays. */
export async function recordTrouble(tx: Tx, rows: readonly ProcessRow[]): Promise<void> {
  if (rows.length > 0) await tx.query(record, [JSON.stringify(rows)]);
}

/** What is known of the troubles of some orders. */
export async function troublesOf(database: Database, ids: readonly string[]): Promise<Map<string, ProcessRow>> {
  const rows = await database.acrossTenants.query<ProcessRow>(byOrder, [ids]);
  return new Map(rows.map((row) => [row.orderId, row]));
}

/** Locks a tenant's process in trouble. */
export async function lockProcess(tx: Tx, orderId: string, tenant: string): Promise<ProcessRow | undefined> {
  const [row] = await tx.query<ProcessRow>(find, [orderId, tenant]);
  return row;
}

/** Takes processes that are due. They are due again at `again`, should this node not come back from it. */
export function takeDueProcesses(
  database: Database,
  now: Instant,
  again: Instant,
  limit: number,
): Promise<ProcessRow[]> {
  return database.acrossTenants.query(due, [now, again, limit]);
}

/** Makes processes that were taken due again. */
export async function giveBack(database: Database, orderIds: readonly string[], now: Instant): Promise<void> {
  await database.acrossTenants.query(dueAgain, [orderIds, now]);
}

/** Makes a process due now. */
export async function hurryProcess(tx: Tx, orderId: string, now: Instant): Promise<void> {
  await tx.query(hurry, [orderId, now]);
}

/** The trouble of an order is over. */
export async function removeProcess(tx: Tx, orderId: string): Promise<void> {
  await tx.query(remove, [orderId]);
}

/** The trouble of orders that were taken until an instant is over. */
export async function removeTakenProcesses(tx: Tx, orderIds: readonly string[], until: Instant): Promise<void> {
  if (orderIds.length > 0) await tx.query(removeTaken, [orderIds, until]);
}

/** Takes in orders that stand before a step and are in no trouble that is known. */
export async function adoptForgotten(
  tx: Tx,
  orders: readonly Pick<ProcessRow, "orderId" | "tenant" | "number" | "step">[],
  now: Instant,
): Promise<void> {
  if (orders.length > 0) await tx.query(adopt, [JSON.stringify(orders), now]);
}

/** A tenant's processes in trouble, or those of all tenants (`*`), newest orders first. */
export function listProcesses(
  database: Database,
  filter: { tenant: string; state?: string | undefined; before?: string | undefined; orderId?: string; limit: number },
): Promise<ProcessRow[]> {
  return database
    .of(filter.tenant)
    .query(list, [filter.tenant, filter.state ?? null, filter.before ?? null, filter.limit, filter.orderId ?? null]);
}

/** How many processes are in trouble, by state. */
export function countProcesses(database: Database): Promise<{ state: string; count: number }[]> {
  return database.acrossTenants.query(counts);
}
