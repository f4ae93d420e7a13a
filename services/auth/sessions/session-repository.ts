import type { Instant } from "../../../platform/clock.ts";
import { type Queries, statement, type Tx } from "../../../platform/database.ts";

export type EndReason = "LOGOUT" | "REVOKED" | "REUSED";

/** A login as its row has it. */
export interface Session {
  readonly id: string;
  readonly family: string;
  readonly tenant: string;
  readonly client: string;
  readonly customer: string;
  readonly scopes: readonly string[];
  readonly currentHash: Buffer;
  readonly previousHash: Buffer | null;
  readonly nonce: Buffer | null;
  readonly refreshedAt: Instant;
  readonly expiresAt: Instant;
}

/** A session with what decides whether it may go on. */
export interface LockedSession extends Session {
  readonly createdAt: Instant;
  readonly endedAt: Instant | null;
  /** The tenant, the client and the customer may still have tokens. */
  readonly active: boolean;
  /** What the client may have now. */
  readonly granted: readonly string[];
  /** What all tokens of the client are ended by. */
  readonly epoch: string;
}

const add = statement(
  "auth.add_session",
  `insert into sessions (id, family, tenant, client, customer, scopes, current_hash, refreshed_at, created_at, expires_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)`,
);
const lockFamily = statement(
  "auth.lock_family",
  `select s.id, s.family, s.tenant, s.client, s.customer, s.scopes, s.current_hash as "currentHash",
     s.previous_hash as "previousHash", s.nonce, s.refreshed_at as "refreshedAt", s.expires_at as "expiresAt",
     s.created_at as "createdAt", s.ended_at as "endedAt", c.active and u.active and t.active as active,
     c.scopes as granted, c.epoch
   from sessions s join clients c on c.id = s.client join customers u on u.id = s.customer
     join tenants t on t.id = s.tenant
   where s.family = $1 for update of s`,
);
const renew = statement(
  "auth.renew_session",
  `update sessions set previous_hash = current_hash, current_hash = $2, nonce = $3, refreshed_at = $4, expires_at = $5
   where id = $1`,
);
const end = statement(
  "auth.end_session",
  `update sessions set ended_at = $3, end_reason = $4 where id = $1 and tenant = $2 and ended_at is null returning id`,
);
const dropOld = statement(
  "auth.drop_sessions",
  "delete from sessions where coalesce(ended_at, expires_at) < $1 and (ended_at is null or ended_at < $2)",
);

export async function addSession(
  tx: Tx,
  session: Omit<Session, "previousHash" | "nonce" | "refreshedAt">,
  now: Instant,
): Promise<void> {
  const { id, family, tenant, client, customer, scopes, currentHash, expiresAt } = session;
  await tx.query(add, [id, family, tenant, client, customer, scopes, currentHash, now, expiresAt]);
}

/** The session of a family, locked: of many requests with one token one at a time decides. */
export async function lockSession(tx: Tx, family: string): Promise<LockedSession | undefined> {
  return (await tx.query<LockedSession>(lockFamily, [family]))[0];
}

/** Makes another token the one that is good, and what was good the one before. */
export async function renewSession(
  tx: Tx,
  id: string,
  next: { readonly hash: Buffer; readonly nonce: Buffer; readonly expiresAt: Instant },
  now: Instant,
): Promise<void> {
  await tx.query(renew, [id, next.hash, next.nonce, now, next.expiresAt]);
}

/** Ends a session of a tenant. Answers whether it was not ended before. */
export async function endSessionRow(
  tx: Tx,
  { id, tenant }: { readonly id: string; readonly tenant: string },
  reason: EndReason,
  now: Instant,
): Promise<boolean> {
  return (await tx.query(end, [id, tenant, now, reason])).length > 0;
}

/** Forgets the sessions that expired, or were ended, before these times, of which the latter is the earlier one. */
export async function dropSessions(
  queries: Queries,
  before: { readonly expired: Instant; readonly ended: Instant },
): Promise<void> {
  await queries.query(dropOld, [before.expired, before.ended]);
}
