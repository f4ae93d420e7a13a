import type { Instant } from "../../platform/clock.ts";
import type { ResultOf } from "../../platform/contracts.ts";
import { type Database, type Queries, statement, type Tx } from "../../platform/database.ts";
import type { Revocation } from "../../platform/identity/revocations.ts";
import type { RevocationPlace } from "../../platform/identity/token-verifier.ts";
import type { Grant } from "./contract.ts";

/** A key pair, in PEM. The private half is sealed, but in rows of before it was. */
export interface KeyRow {
  readonly kid: string;
  readonly privateKey: string | null;
  readonly sealedKey: Buffer | null;
  readonly publicKey: string;
  readonly createdAt: Instant;
}

/** A token that was ended before its time. */
export interface RevokedToken {
  readonly jti: string;
  readonly tenant: string;
  readonly expiresAt: Instant;
}

const KEY_COLUMNS = `kid, private_key as "privateKey", private_key_sealed as "sealedKey", public_key as "publicKey",
  created_at as "createdAt"`;

const usableKeys = statement(
  "auth.usable_keys",
  `select ${KEY_COLUMNS} from signing_keys where retired_at is null or retired_at > $1
   order by retired_at is null desc, created_at desc, kid`,
);
// Nodes that start together make one key: the second waits here and then finds the first one's.
const lockKeys = statement("auth.lock_keys", "select pg_advisory_xact_lock(hashtext('waybill signing keys'))");
const retireKeys = statement("auth.retire_keys", "update signing_keys set retired_at = $1 where retired_at is null");
const addKey = statement(
  "auth.add_key",
  "insert into signing_keys (kid, private_key_sealed, public_key, created_at) values ($1, $2, $3, $4)",
);
// The server's time: what was revoked since is asked of all nodes' revocations together, whose clocks differ.
const revoke = statement(
  "auth.revoke",
  `insert into revoked_tokens (jti, tenant, expires_at, revoked_at) values ($1, $2, $3, clock_timestamp())
   on conflict do nothing`,
);
// A row bears the time before its commit. Whoever has read everything goes on a little before that, for those that were
// not there yet.
const revocationsBehind = statement(
  "auth.revocations_behind",
  `with now as (select clock_timestamp() - interval '30 seconds' as at)
   select now.at::text as until, r.* from now left join lateral (
     select jti as id, extract(epoch from expires_at)::float8 as exp, revoked_at::text as at from revoked_tokens
     where (revoked_at, jti) > ($1::timestamptz, $2::uuid) and expires_at > clock_timestamp()
     order by revoked_at, jti limit $3) r on true`,
);
const dropExpired = statement("auth.drop_expired", "delete from revoked_tokens where expires_at <= $1");

/** The keys that still verify something: the one that signs first, then those retired after `retiredAfter`. */
export function findKeys(queries: Queries, retiredAfter: Instant): Promise<KeyRow[]> {
  return queries.query(usableKeys, [retiredAfter]);
}

const allKeys = statement(
  "auth.all_keys",
  `select kid as id, created_at as "createdAt", retired_at as "retiredAt" from signing_keys
   where (created_at, kid) < ($1::timestamptz, $2) order by created_at desc, kid desc limit $3`,
);

/** All keys below a place, newest first, without what they are. */
export function listKeyRows(
  queries: Queries,
  before: { readonly createdAt: Instant; readonly id: string },
  limit: number,
): Promise<{ id: string; createdAt: Instant; retiredAt: Instant | null }[]> {
  return queries.query(allKeys, [before.createdAt, before.id, limit]);
}

const plainKeys = statement("auth.plain_keys", `select ${KEY_COLUMNS} from signing_keys where private_key is not null`);
const sealKey = statement(
  "auth.seal_key",
  "update signing_keys set private_key = null, private_key_sealed = $2 where kid = $1",
);

/** The keys whose private halves are not sealed. */
export function findPlainKeys(tx: Tx): Promise<KeyRow[]> {
  return tx.query(plainKeys);
}

/** Keeps a private half sealed, and nothing else of it. */
export async function keepSealedKey(tx: Tx, kid: string, sealed: Buffer): Promise<void> {
  await tx.query(sealKey, [kid, sealed]);
}

/** Lets one transaction at a time look for keys and make one. */
export async function lockSigningKeys(tx: Tx): Promise<void> {
  await tx.query(lockKeys);
}

/** Makes a key the one that signs. */
export async function replaceKey(
  tx: Tx,
  key: Pick<KeyRow, "kid" | "publicKey"> & { readonly sealedKey: Buffer },
  now: Instant,
): Promise<void> {
  await tx.query(retireKeys, [now]);
  await tx.query(addKey, [key.kid, key.sealedKey, key.publicKey, now]);
}

export async function revokeToken(tx: Tx, token: RevokedToken): Promise<void> {
  await tx.query(revoke, [token.jti, token.tenant, token.expiresAt]);
}

const BEGINNING: RevocationPlace = { at: "-infinity", id: "00000000-0000-0000-0000-000000000000" };

/**
 * What was revoked behind a place and would still be valid, at most so many, and where to read on: behind the last of
 * them, or, when that was all, a little before now.
 */
export async function findRevocations(
  database: Database,
  after: RevocationPlace = BEGINNING,
  limit: number,
): Promise<{ revoked: Revocation[]; next: RevocationPlace }> {
  const rows = await database.acrossTenants.query<{ until: string; id: string | null; exp: number; at: string }>(
    revocationsBehind,
    [after.at, after.id, limit],
  );
  const revoked = rows.flatMap(({ id, exp }) => (id === null ? [] : { id, exp }));
  const last = rows.at(-1);
  if (revoked.length === limit && last) return { revoked, next: { at: last.at, id: last.id as string } };
  return { revoked, next: { at: rows[0]?.until as string, id: BEGINNING.id } };
}

/** Forgets the revocations of tokens that have expired by themselves. */
export async function dropRevocations(queries: Queries, now: Instant): Promise<void> {
  await queries.query(dropExpired, [now]);
}

// Who is busy with it is not waited for. The server's time: the nodes' clocks differ.
const takeTurn = statement(
  "auth.take_clean_up",
  `update clean_up set at = clock_timestamp() where one_row in (
     select one_row from clean_up where at <= clock_timestamp() - interval '1 hour' for update skip locked)
   returning at`,
);

/** Whether what has expired is this transaction's to forget: once an hour one gets to, of all nodes. */
export async function takeCleanUp(tx: Tx): Promise<boolean> {
  return (await tx.query(takeTurn)).length > 0;
}

const clientIds = statement("auth.client_ids", "select id from clients where limits <> '{}'");
const insertTenants = statement(
  "auth.add_tenants",
  `insert into tenants (id, name, limits, cors_origins, created_at)
   select id, name, limits, array(select jsonb_array_elements_text(origins)), $2
   from json_to_recordset($1) as t(id text, name text, limits jsonb, origins jsonb)
   on conflict (id) do update set limits = excluded.limits, cors_origins = excluded.cors_origins
   where tenants.limits = '{}' and tenants.cors_origins = '{}'`,
);
const insertClients = statement(
  "auth.add_clients",
  `insert into clients (id, tenant, name, secret_hash, scopes, grants, limits, created_at)
   select id, tenant, name, "secretHash", array(select json_array_elements_text(scopes)),
     array(select json_array_elements_text(grants)), limits, $2
   from json_to_recordset($1)
     as c(id text, tenant text, name text, "secretHash" text, scopes json, grants json, limits jsonb)
   on conflict (id) do update set limits = excluded.limits where clients.limits = '{}'`,
);

/** The ids of all clients that have limits of their own. */
export async function knownClients(database: Database): Promise<string[]> {
  return (await database.acrossTenants.query<{ id: string }>(clientIds)).map((row) => row.id);
}

/** A tenant on its way into the table. */
export interface NewTenant {
  readonly id: string;
  readonly name: string;
  readonly limits: ResultOf<"auth.edgeRules">["tenantLimits"];
  readonly origins: readonly string[];
}

/** Adds the tenants that are not there yet. Those that are get what the edge lets them do, if nobody has said that yet. */
export async function addTenants(tx: Tx, tenants: readonly NewTenant[], now: Instant): Promise<void> {
  await tx.query(insertTenants, [JSON.stringify(tenants), now]);
}

/** A client on its way into the table, its secret hashed. */
export interface NewClient {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly secretHash: string;
  readonly scopes: readonly string[];
  readonly grants: readonly Grant[];
  readonly limits: ResultOf<"auth.edgeRules">["limits"];
}

/** Adds the clients that are not there yet. Those that are get their limits, if they have none of their own. */
export async function addClients(tx: Tx, clients: readonly NewClient[], now: Instant): Promise<void> {
  await tx.query(insertClients, [JSON.stringify(clients), now]);
}
