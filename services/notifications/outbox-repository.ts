import type { Instant } from "../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../platform/database.ts";
import { leastIdAt } from "../../platform/ids.ts";
import type { MediumName, MessageState, MessageType } from "./contract.ts";

const removeOld = statement(
  "outbox.remove_old",
  `with gone as (
     delete from sandbox_messages where id in (select id from sandbox_messages where id < $1 order by id limit $2 for update skip locked)
     returning 1)
   select count(*)::int as count from gone`,
);

/** Removes what the sandboxes were given before a time, at most so much. Answers how much there was. */
export async function removeOldSandboxMessages(database: Database, before: Instant, limit: number): Promise<number> {
  const [row] = await database.acrossTenants.query<{ count: number }>(removeOld, [
    leastIdAt(Date.parse(before)),
    limit,
  ]);
  return row?.count ?? 0;
}

/** A message as operators see it, with what a sandbox was given, sealed. */
export interface OutboxRow {
  readonly id: string;
  readonly orderId: string;
  readonly eventId: string;
  readonly type: MessageType;
  readonly medium: MediumName;
  readonly state: MessageState;
  readonly attempts: number;
  readonly error: string | null;
  readonly dueAt: Instant;
  readonly createdAt: Instant;
  readonly settledAt: Instant | null;
  readonly sealed: Buffer | null;
}

export interface OutboxFilter {
  readonly tenant: string;
  readonly medium?: MediumName | undefined;
  readonly state?: MessageState | undefined;
  readonly orderId?: string | undefined;
  /** The message that the page before has ended with. */
  readonly before: readonly [orderId: string, eventId: string, medium: string];
  readonly limit: number;
}

const list = statement(
  "outbox.list",
  `select m.id, m.order_id as "orderId", m.event_id as "eventId", m.type, m.medium, m.state, m.attempts, m.error,
     m.due_at as "dueAt", m.created_at as "createdAt", m.settled_at as "settledAt", s.sealed
   from messages m left join sandbox_messages s on s.id = m.id
   where m.tenant = $1 and ($2::text is null or m.medium = $2) and ($3::text is null or m.state = $3)
     and (m.order_id, m.event_id, m.medium) < ($4::uuid, $5::uuid, $6::text)
   order by m.order_id desc, m.event_id desc, m.medium desc limit $7`,
);
// By an index of their own: there may be few among millions.
const listOfState = (state: "DEAD" | "PENDING") =>
  statement(
    `outbox.list_${state.toLowerCase()}`,
    list.text.replace("($3::text is null or m.state = $3)", `($3 = m.state and m.state = '${state}')`),
  );
const lists = { DEAD: listOfState("DEAD"), PENDING: listOfState("PENDING"), SENT: list, SKIPPED: list };
const listOfOrder = statement(
  "outbox.list_of_order",
  list.text.replace("m.tenant = $1", "m.tenant = $1 and m.order_id = $8"),
);
const findDead = statement(
  "outbox.find_dead",
  "select id from messages where id = $1 and tenant = $2 and state = 'DEAD'",
);
const redrive = statement(
  "outbox.redrive",
  `update messages set state = 'PENDING', attempts = 0, due_at = $3, settled_at = null
   where id = $1 and tenant = $2 and state = 'DEAD' returning id`,
);
const redriveAll = statement(
  "outbox.redrive_all",
  `update messages set state = 'PENDING', attempts = 0, due_at = $3, settled_at = null
   where tenant = $1 and ($2::text is null or medium = $2) and state = 'DEAD' returning id`,
);

/** Messages of a tenant, those of the newest orders first. */
export function listOutbox(
  database: Database,
  { tenant, medium, state, orderId, before, limit }: OutboxFilter,
): Promise<OutboxRow[]> {
  const values = [tenant, medium ?? null, state ?? null, ...before, limit];
  const ofTenant = database.of(tenant);
  if (orderId !== undefined) return ofTenant.query(listOfOrder, [...values, orderId]);
  return ofTenant.query(state === undefined ? list : lists[state], values);
}

/** Whether a message of a tenant was given up. */
export async function isDead(database: Database, tenant: string, id: string): Promise<boolean> {
  return (await database.of(tenant).query(findDead, [id, tenant])).length > 0;
}

/** Gives a message its attempts again that was given up. Answers whether there was one. */
export async function redriveMessage(tx: Tx, tenant: string, id: string, now: Instant): Promise<boolean> {
  return (await tx.query(redrive, [id, tenant, now])).length > 0;
}

/** The same for all of a tenant, or those of a medium. Answers how many there were. */
export async function redriveMessages(
  tx: Tx,
  tenant: string,
  medium: MediumName | undefined,
  now: Instant,
): Promise<number> {
  return (await tx.query(redriveAll, [tenant, medium ?? null, now])).length;
}
