import type { Instant } from "../../platform/clock.ts";
import { type Database, statement } from "../../platform/database.ts";

const removeOld = statement(
  "outbox.remove_old",
  `with gone as (
     delete from sandbox_messages where id in (select id from sandbox_messages where id < $1 order by id limit $2 for update skip locked)
     returning 1)
   select count(*)::int as count from gone`,
);

/** Removes what the sandboxes were given before a time, at most so much. Answers how much there was. */
export async function removeOldSandboxMessages(database: Database, before: Instant, limit: number): Promise<number> {
  const [row] = await database.acrossTenants.query<{ count: number }>(removeOld, [firstIdOf(before), limit]);
  return row?.count ?? 0;
}

/** The least id that can be made at a time (UUIDs of version 7 begin with it). */
function firstIdOf(instant: Instant): string {
  const digits = Date.parse(instant).toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-000000000000`;
}
