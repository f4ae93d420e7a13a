import type { Instant } from "../../../platform/clock.ts";
import { type Database, type Queries, statement, type Tx } from "../../../platform/database.ts";
import { type AuditEntry, type AuditRow, FIRST, rowAfter } from "./audit-entry.ts";

const COLUMNS = `a.sequence, a.id, a.act, a.tenant, a.at, a.client, a.customer, a.action, a.object, a.params, a.address,
  a.request_id as "requestId", a.outcome, encode(a.previous_hash, 'hex') as "previousHash", encode(a.hash, 'hex') as hash`;

// One row after the other, over all nodes: what is read in the next statement is the chain's end until the commit.
const lock = statement("audit.lock", "select pg_advisory_xact_lock(hashtext('waybill audit log'))");
const end = statement("audit.end", `select ${COLUMNS} from audit_log a order by a.sequence desc limit 1`);
const known = statement("audit.known", "select id from audit_log where id = any($1)");
const acts = statement("audit.acts", "select id, tenant, client, customer, action from audit_log where id = any($1)");
const add = statement(
  "audit.add",
  `insert into audit_log (sequence, id, act, tenant, at, client, customer, action, object, params, address, request_id,
     outcome, previous_hash, hash)
   select sequence, id, act, tenant, at, client, customer, action, object, params, address, "requestId", outcome,
     decode("previousHash", 'hex'), decode(hash, 'hex')
   from json_to_recordset($1) as r(sequence bigint, id uuid, act uuid, tenant text, at timestamptz, client text,
     customer text, action text, object text, params text, address text, "requestId" text, outcome text,
     "previousHash" text, hash text)
   order by sequence`,
);
const list = statement(
  "audit.list",
  `select a.sequence, a.id, a.tenant, a.at, a.client, a.customer, a.action, coalesce(a.object, o.object) as object, a.params,
     a.address, a.request_id as "requestId", coalesce(a.outcome, o.outcome) as outcome, encode(a.hash, 'hex') as hash,
     case when a.outcome is null then o.at else a.at end as "endedAt"
   from audit_log a left join audit_log o on o.act = a.id
   where a.act is null and ($1 = '*' or a.tenant = $1) and a.sequence < $2
     and ($3::text is null or a.client = $3 or a.customer = $3) and ($4::text is null or a.action = $4)
     and ($5::timestamptz is null or a.at >= $5) and ($6::timestamptz is null or a.at < $6)
   order by a.sequence desc limit $7`,
);
const walk = statement(
  "audit.walk",
  `select ${COLUMNS} from audit_log a where a.sequence > $1 order by a.sequence limit $2`,
);

/**
 * Adds entries to the end of the log, in their order; one whose id is there already, because it was sent twice, is left
 * out. Answers the end of the log.
 */
export async function appendEntries(
  tx: Tx,
  entries: readonly AuditEntry[],
  now: Instant,
): Promise<Pick<AuditRow, "sequence" | "hash">> {
  await tx.query(lock);
  const there = new Set((await tx.query<{ id: string }>(known, [entries.map(({ id }) => id)])).map(({ id }) => id));
  let last: Pick<AuditRow, "sequence" | "hash"> = (await tx.query<AuditRow>(end))[0] ?? FIRST;
  const rows: AuditRow[] = [];
  for (const entry of entries) {
    if (there.has(entry.id)) continue;
    there.add(entry.id);
    const row = rowAfter(last, entry, now);
    rows.push(row);
    last = row;
  }
  if (rows.length > 0) await tx.query(add, [JSON.stringify(rows)]);
  return { sequence: last.sequence, hash: last.hash };
}

/** Whose some acts were, by their ids. */
export async function findActs(
  queries: Queries,
  ids: readonly string[],
): Promise<Pick<AuditRow, "id" | "tenant" | "client" | "customer" | "action">[]> {
  return queries.query(acts, [ids]);
}

/** An act with how it has ended, as far as that is known. */
export interface RecordedAct extends Omit<AuditRow, "act" | "previousHash"> {
  readonly endedAt: Instant | null;
}

/** Which acts are looked for, those of all tenants for `*`, below a sequence. */
export interface AuditQuery {
  readonly tenant: string;
  readonly before: number;
  readonly actor?: string;
  readonly action?: string;
  readonly from?: Instant;
  readonly to?: Instant;
  readonly limit: number;
}

/** The acts that fit, newest first. */
export function listActs(database: Database, query: AuditQuery): Promise<RecordedAct[]> {
  const { tenant, before, actor = null, action = null, from = null, to = null, limit } = query;
  return database.of(tenant).query(list, [tenant, before, actor, action, from, to, limit]);
}

/** The next rows of the log behind a sequence, the oldest first. */
export function readRows(queries: Queries, after: number, limit: number): Promise<AuditRow[]> {
  return queries.query(walk, [after, limit]);
}
