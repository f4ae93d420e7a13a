import type { Instant } from "../../../platform/clock.ts";
import { type Queries, statement, type Tx } from "../../../platform/database.ts";

/** Why a login has ended: `PASSWORD` by a new one, `OPERATOR` by an act of an operator on its customer. */
export type EndReason = "LOGOUT" | "REVOKED" | "REUSED" | "PASSWORD" | "OPERATOR";

/** Whose logins. */
export interface SessionOwner {
  readonly tenant: string;
  readonly customer: string;
}

/** Which of them: one alone, or all but one. */
export interface WhichSessions {
  readonly only?: string;
  readonly but?: string | undefined;
}

/** A login as its customer sees it. */
export interface OpenSession {
  readonly id: string;
  readonly client: string;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant;
  readonly expiresAt: Instant;
}

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

// The password was checked before: meanwhile it may have been changed, or the customer disabled, whose logins were ended then.
const add = statement(
  "auth.add_session",
  `insert into sessions (id, family, tenant, client, customer, scopes, current_hash, refreshed_at, created_at, expires_at)
   select $1, $2, $3, $4, $5, $6, $7, $8, $8, $9 from customers
   where tenant = $3 and id = $5 and active and password_hash = $10 for share
   returning id`,
);
const lockFamily = statement(
  "auth.lock_family",
  `select s.id, s.family, s.tenant, s.client, s.customer, s.scopes, s.current_hash as "currentHash",
     s.previous_hash as "previousHash", s.nonce, s.refreshed_at as "refreshedAt", s.expires_at as "expiresAt",
     s.created_at as "createdAt", s.ended_at as "endedAt", c.active and 'password' = any(c.grants) and u.active and t.active as active,
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
const endOf = statement(
  "auth.end_sessions",
  `with ended as (
     update sessions set ended_at = $3, end_reason = $4
     where tenant = $1 and customer = $2 and ended_at is null
       and ($5::uuid is null or id = $5) and ($6::uuid is null or id <> $6)
     returning id)
   insert into revoked_tokens (jti, tenant, expires_at, revoked_at)
   select id, $1, $7, clock_timestamp() from ended on conflict do nothing returning jti as id`,
);
const OPEN = `select id, client, created_at as "createdAt", refreshed_at as "lastUsedAt", expires_at as "expiresAt"
  from sessions where tenant = $1 and customer = $2 and ended_at is null and expires_at > $3`;
const list = statement("auth.open_sessions", `${OPEN} and ($4::uuid is null or id < $4) order by id desc limit $5`);
const find = statement("auth.open_session", `${OPEN} and id = $4`);
const dropOld = statement(
  "auth.drop_sessions",
  "delete from sessions where coalesce(ended_at, expires_at) < $1 and (ended_at is null or ended_at < $2)",
);

/** Adds a login, if its customer may log in and has the password of that hash still. Answers whether they do. */
export async function addSession(
  tx: Tx,
  session: Omit<Session, "previousHash" | "nonce" | "refreshedAt">,
  passwordHash: string,
  now: Instant,
): Promise<boolean> {
  const { id, family, tenant, client, customer, scopes, currentHash, expiresAt } = session;
  const values = [id, family, tenant, client, customer, scopes, currentHash, now, expiresAt, passwordHash];
  return (await tx.query(add, values)).length > 0;
}

/** A customer's logins that may be used, newest first. */
export function listSessions(
  queries: Queries,
  { tenant, customer }: SessionOwner,
  now: Instant,
  limit: number,
  before?: string,
): Promise<OpenSession[]> {
  return queries.query(list, [tenant, customer, now, before ?? null, limit]);
}

/** One of them. */
export async function findSession(
  queries: Queries,
  { tenant, customer }: SessionOwner,
  now: Instant,
  id: string,
): Promise<OpenSession | undefined> {
  return (await queries.query<OpenSession>(find, [tenant, customer, now, id]))[0];
}

/** Ends logins of a customer, and what their access tokens are ended by until then. Answers their ids. */
export async function endSessionsOf(
  tx: Tx,
  { tenant, customer }: SessionOwner,
  { only, but }: WhichSessions,
  { reason, now, expiresAt }: { readonly reason: EndReason; readonly now: Instant; readonly expiresAt: Instant },
): Promise<string[]> {
  const values = [tenant, customer, now, reason, only ?? null, but ?? null, expiresAt];
  return (await tx.query<{ id: string }>(endOf, values)).map(({ id }) => id);
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
