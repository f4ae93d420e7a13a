import type { Instant } from "../../platform/clock.ts";
import type { Events } from "../../platform/contracts.ts";
import { type Database, statement } from "../../platform/database.ts";
import type { EventMeta } from "../../platform/event-log.ts";
import { Recordset } from "../../platform/recordset.ts";

/** A refund that its order has not been told of: the event of it in the payment's stream. */
export interface UntoldRefund {
  readonly id: string;
  readonly stream: string;
  readonly version: number;
  readonly tenant: string;
  readonly data: Events["payments.refunded.v1"];
  readonly meta: EventMeta;
  /** How often the order could not take it. */
  readonly attempts: number;
}

// The first of each payment alone: the later ones are told after it.
const due = statement(
  "untold_refunds.due",
  `select id, stream, version, tenant, data, meta, attempts from untold_refunds u
   where due_at <= $1
     and not exists (select from untold_refunds e where e.stream = u.stream and e.version < u.version)
   order by due_at limit $2`,
);
const TOLD = new Recordset<UntoldRefund>("stream uuid, version int");
const remove = statement(
  "untold_refunds.remove",
  `delete from untold_refunds u using ${TOLD.from("t")} where u.stream = t.stream and u.version = t.version`,
);
const POSTPONED = new Recordset<UntoldRefund & { readonly dueAt: Instant }>(
  "stream uuid, version int, dueAt timestamptz",
);
const postpone = statement(
  "untold_refunds.postpone",
  `update untold_refunds u set attempts = u.attempts + 1, due_at = p."dueAt" from ${POSTPONED.from("p")}
   where u.stream = p.stream and u.version = p.version`,
);

const count = statement(
  "untold_refunds.count",
  "select count(*)::int as count from (select from untold_refunds limit 10000) capped",
);

/** How many refunds are left that orders have to be told of, counted to 10,000. */
export async function countUntold(database: Database): Promise<number> {
  const [row] = await database.acrossTenants.query<{ count: number }>(count);
  return row?.count ?? 0;
}

/** The refunds to be told of now: of each payment the first that is left, if that is due. */
export function untoldRefunds(database: Database, now: Instant, limit: number): Promise<UntoldRefund[]> {
  return database.acrossTenants.query(due, [now, limit]);
}

/** The orders have these. */
export async function removeTold(database: Database, refunds: readonly UntoldRefund[]): Promise<void> {
  if (refunds.length > 0) await database.acrossTenants.query(remove, TOLD.values(refunds));
}

/** The orders could not take these: they are told again at their time. */
export async function postponeUntold(
  database: Database,
  refunds: readonly (UntoldRefund & { readonly dueAt: Instant })[],
): Promise<void> {
  if (refunds.length > 0) await database.acrossTenants.query(postpone, POSTPONED.values(refunds));
}
