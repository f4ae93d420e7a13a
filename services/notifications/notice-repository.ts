import type { Instant } from "../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../platform/database.ts";
import { Recordset } from "../../platform/recordset.ts";
import type { Settlement } from "./message.ts";
import type { Notice } from "./notice.ts";

const NOTICES = new Recordset<Notice>("id uuid, tenant text, endpointId uuid, reason text, failingSince timestamptz");
const record = statement(
  "notices.record",
  `insert into notices (id, tenant, endpoint_id, reason, failing_since, due_at, created_at)
   select id, tenant, "endpointId", reason, "failingSince", $1::timestamptz, $1::timestamptz from ${NOTICES.from("n", 2)}
   on conflict do nothing`,
);
const claim = statement(
  "notices.claim",
  `with due as (
     select id from notices where state = 'PENDING' and due_at <= $1 order by due_at limit $3 for update skip locked)
   update notices n set due_at = $2 from due d where n.id = d.id
   returning n.id, n.tenant, n.endpoint_id as "endpointId", n.reason, n.failing_since as "failingSince", n.attempts`,
);
const SETTLED = new Recordset<object>("id uuid, state text, attempts smallint, error text, dueAt timestamptz");
// What was sent stays so, whatever another node that has tried it as well would make of it.
const settle = statement(
  "notices.settle",
  `update notices n set state = s.state, attempts = s.attempts, error = s.error, due_at = coalesce(s."dueAt", n.due_at),
     settled_at = case when s.state <> 'PENDING' then $1::timestamptz end
   from ${SETTLED.from("s", 2)} where n.id = s.id and n.state = 'PENDING'`,
);

/** Keeps notices to be sent. One that is there already is passed over. */
export async function recordNotices(tx: Tx, notices: readonly Notice[], now: Instant): Promise<void> {
  await tx.query(record, [now, ...NOTICES.values(notices)]);
}

/** Takes due notices in hand until a time, those that have waited longest. */
export function claimNotices(database: Database, now: Instant, until: Instant, limit: number): Promise<Notice[]> {
  return database.acrossTenants.query(claim, [now, until, limit]);
}

/** Writes down what has become of notices. */
export async function settleNotices(
  database: Database,
  settlements: readonly Settlement<Notice>[],
  now: Instant,
): Promise<void> {
  const rows = settlements.map(({ message, state, attempts, reason, dueAt }) => {
    return { id: message.id, state, attempts, error: reason, dueAt };
  });
  await database.acrossTenants.query(settle, [now, ...SETTLED.values(rows)]);
}
