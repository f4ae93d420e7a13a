import type { Instant } from "../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../platform/database.ts";
import { Recordset } from "../../platform/recordset.ts";
import type { RecordedMessage } from "./message.ts";

/** A ticket as it is kept. */
export interface TicketRow {
  readonly hash: Buffer;
  readonly tenant: string;
  /** The token that it stands for, under a key that only the ticket gives. */
  readonly sealedToken: Buffer;
  readonly expiresAt: Instant;
}

const addTicketRow = statement(
  "tickets.add",
  "insert into tickets (hash, tenant, sealed_token, expires_at) values ($1, $2, $3, $4)",
);
const takeTicketRow = statement(
  "tickets.take",
  `delete from tickets where hash = $1 returning sealed_token as "sealedToken", expires_at > $2 as valid`,
);
const removeExpired = statement(
  "tickets.remove_expired",
  `with gone as (
     delete from tickets where hash in (select hash from tickets where expires_at <= $1 limit $2 for update skip locked) returning 1)
   select count(*)::int as count from gone`,
);

const MESSAGES = new Recordset<RecordedMessage>("id uuid, tenant text, orderId uuid, eventId uuid, type text");
const record = statement(
  "messages.record",
  `insert into messages (id, tenant, order_id, event_id, type, medium, claimed_until, created_at)
   select id, tenant, "orderId", "eventId", type, $1, $2::timestamptz, $3::timestamptz from ${MESSAGES.from("m", 4)}
   on conflict (event_id, medium) do nothing returning event_id as "eventId"`,
);
const claim = statement(
  "messages.claim",
  `with due as (
     select event_id from messages where state = 'PENDING' and medium = $1 and (claimed_until is null or claimed_until <= $2)
     order by event_id limit $4 for update skip locked)
   update messages m set claimed_until = $3 from due where m.event_id = due.event_id and m.medium = $1
   returning m.id, m.tenant, m.order_id as "orderId", m.event_id as "eventId", m.type`,
);
const sent = statement(
  "messages.sent",
  "update messages set state = 'SENT', claimed_until = null where event_id = any($1) and medium = $2",
);

export async function addTicket(tx: Tx, { hash, tenant, sealedToken, expiresAt }: TicketRow): Promise<void> {
  await tx.query(addTicketRow, [hash, tenant, sealedToken, expiresAt]);
}

/** Uses a ticket up, for its sealed token. Of two that come with it at the same time one gets it. */
export async function takeTicket(database: Database, hash: Buffer, now: Instant): Promise<Buffer | undefined> {
  const [row] = await database.acrossTenants.query<{ sealedToken: Buffer; valid: boolean }>(takeTicketRow, [hash, now]);
  return row?.valid ? row.sealedToken : undefined;
}

/** Removes tickets that nobody used, at most so many. Answers how many there were. */
export async function removeExpiredTickets(database: Database, now: Instant, limit: number): Promise<number> {
  const [row] = await database.acrossTenants.query<{ count: number }>(removeExpired, [now, limit]);
  return row?.count ?? 0;
}

/**
 * Keeps messages to be sent by a medium, in hand of this node until a time; without one they are anybody's. One about
 * an event that has a message already is passed over. Answers those that are new.
 */
export async function recordMessages(
  tx: Tx,
  medium: string,
  messages: readonly RecordedMessage[],
  now: Instant,
  until: Instant | undefined,
): Promise<RecordedMessage[]> {
  const rows = await tx.query<{ eventId: string }>(record, [medium, until ?? null, now, ...MESSAGES.values(messages)]);
  const added = new Set(rows.map(({ eventId }) => eventId));
  return messages.filter(({ eventId }) => added.has(eventId));
}

/** Takes messages in hand that nobody else is at work on, oldest first, until a time. */
export function claimMessages(
  database: Database,
  medium: string,
  now: Instant,
  until: Instant,
  limit: number,
): Promise<RecordedMessage[]> {
  return database.acrossTenants.query(claim, [medium, now, until, limit]);
}

export async function markSent(
  database: Database,
  medium: string,
  messages: readonly RecordedMessage[],
): Promise<void> {
  await database.acrossTenants.query(sent, [messages.map(({ eventId }) => eventId), medium]);
}
