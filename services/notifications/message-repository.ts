import type { Instant } from "../../platform/clock.ts";
import { type Database, type Queries, statement } from "../../platform/database.ts";
import { Recordset } from "../../platform/recordset.ts";
import type { MediumName } from "./contract.ts";
import type { RecordedMessage, Settlement } from "./message.ts";

const COLUMNS = `m.id, m.tenant, m.order_id as "orderId", m.event_id as "eventId", m.version, m.type, m.medium, m.attempts`;
const KEY = "(m.tenant, m.order_id, m.event_id, m.medium)";
// Said so, messages are found by their key. By `state = 'PENDING'` the planner takes the index of what is due, of which it
// thinks that it is empty, and reads through all that waits for every set.
const IS_PENDING = "m.state <> all ('{SENT,SKIPPED,DEAD}')";

const RECORDED = new Recordset<RecordedMessage>(
  "id uuid, tenant text, orderId uuid, eventId uuid, version int, type text, medium text",
);
const record = statement(
  "messages.record",
  `insert into messages as m (id, tenant, order_id, event_id, version, type, medium, due_at, created_at)
   select id, tenant, "orderId", "eventId", version, type, medium, $1::timestamptz, $2::timestamptz from ${RECORDED.from("r", 3)}
   on conflict do nothing returning m.event_id as "eventId", m.medium`,
);
const claim = statement(
  "messages.claim",
  `with due as (
     select tenant, order_id, event_id, medium from messages
     where state = 'PENDING' and medium = $1 and due_at <= $2
     order by due_at, version limit $4 for update skip locked)
   update messages m set due_at = $3 from due d
   where ${KEY} = (d.tenant, d.order_id, d.event_id, d.medium) returning ${COLUMNS}`,
);

const ORDERS = new Recordset<RecordedMessage>("tenant text, orderId uuid, medium text");
const waiting = statement(
  "messages.waiting",
  `select ${COLUMNS}, m.due_at as "dueAt"
   from (select distinct * from ${ORDERS.from("o")}) o
   join messages m on (m.tenant, m.order_id, m.medium) = (o.tenant, o."orderId", o.medium)
   where ${IS_PENDING} order by m.version`,
);

const SETTLED = new Recordset<object>(
  `tenant text, orderId uuid, eventId uuid, medium text, state text, attempts smallint, error text, dueAt timestamptz`,
);
// What was sent stays so, whatever another node that has tried it as well would make of it.
const settle = statement(
  "messages.settle",
  `update messages m set state = s.state, attempts = s.attempts, due_at = coalesce(s."dueAt", m.due_at),
     error = case when s.state = 'PENDING' then coalesce(s.error, m.error) else s.error end,
     settled_at = case when s.state <> 'PENDING' then $1::timestamptz end
   from ${SETTLED.from("s", 2)}
   where ${KEY} = (s.tenant, s."orderId", s."eventId", s.medium) and ${IS_PENDING}`,
);

/** A message of an order that is not settled. */
export interface WaitingMessage extends RecordedMessage {
  readonly dueAt: Instant;
}

/**
 * Keeps messages to be sent, none of which anybody looks at before a time: until then they are in this node's hands. One
 * that is there already is passed over. Answers those that are new.
 */
export async function recordMessages(
  tx: Queries,
  messages: readonly RecordedMessage[],
  now: Instant,
  dueAt: Instant,
): Promise<RecordedMessage[]> {
  const rows = await tx.query<{ eventId: string; medium: string }>(record, [dueAt, now, ...RECORDED.values(messages)]);
  const added = new Set(rows.map(({ eventId, medium }) => `${eventId} ${medium}`));
  return messages.filter(({ eventId, medium }) => added.has(`${eventId} ${medium}`));
}

/** Takes due messages of a medium in hand until a time, those that have waited longest first. */
export async function claimMessages(
  database: Database,
  medium: MediumName,
  now: Instant,
  until: Instant,
  limit: number,
): Promise<RecordedMessage[]> {
  const claimed = await database.acrossTenants.query<RecordedMessage>(claim, [medium, now, until, limit]);
  return claimed.sort((a, b) => a.version - b.version);
}

/** All messages of the same orders and media that are not settled, those asked about among them, each order's in its order. */
export function waitingMessages(database: Database, messages: readonly RecordedMessage[]): Promise<WaitingMessage[]> {
  return database.acrossTenants.query(waiting, ORDERS.values(messages));
}

/** Writes down what has become of messages. */
export async function settleMessages(
  database: Database,
  settlements: readonly Settlement[],
  now: Instant,
): Promise<void> {
  if (settlements.length === 0) return;
  const rows = settlements.map(({ message, state, attempts, reason, dueAt }) => {
    const { tenant, orderId, eventId, medium } = message;
    return { tenant, orderId, eventId, medium, state, attempts, error: reason, dueAt };
  });
  await database.acrossTenants.query(settle, [now, ...SETTLED.values(rows)]);
}
