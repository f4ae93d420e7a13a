import type { ActionHandler } from "../../../platform/service.ts";
import { type AuditRow, FIRST, misfit } from "../audit/audit-entry.ts";
import { readRows } from "../audit/audit-repository.ts";
import type { AuthService } from "../clients/auth-service.ts";

const READ_TOGETHER = 1_000;

/**
 * Walks the audit log from its beginning and names the first row that does not fit. A log that was cut off at its end, or
 * written anew as a whole, fits as well: for that it is held against a hash that was noted elsewhere.
 */
export const verifyAuditLog: ActionHandler<"auth.verifyAuditLog", AuthService> = async function (ctx) {
  const { sequence: noted, hash } = ctx.params;
  let last: Pick<AuditRow, "sequence" | "hash"> = FIRST;
  for (;;) {
    const rows = await readRows(this.database.acrossTenants, last.sequence, READ_TOGETHER);
    for (const row of rows) {
      const reason =
        misfit(last, row) ?? (row.sequence === noted && row.hash !== hash ? "it has another hash" : undefined);
      if (reason !== undefined)
        return { rows: last.sequence, hash: last.hash, broken: { sequence: row.sequence, reason } };
      last = row;
    }
    if (rows.length === READ_TOGETHER) continue;
    const isShort = noted !== undefined && last.sequence < noted;
    const broken = isShort && { sequence: last.sequence + 1, reason: `the log ends before ${noted}` };
    return { rows: last.sequence, hash: last.hash, ...(broken && { broken }) };
  }
};
