import type { Instant } from "../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../platform/database.ts";

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
