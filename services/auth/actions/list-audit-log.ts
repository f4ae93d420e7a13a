import { validationFailed } from "../../../platform/errors.ts";
import { decodeCursor, encodeCursor } from "../../../platform/schema.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import { listActs, type RecordedAct } from "../audit/audit-repository.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { tenantsOf } from "../clients/whose.ts";
import type { AuditedAct } from "../contract.ts";

/** The privileged acts of the caller's tenant, newest first; the platform's operators see those of all. */
export const listAuditLog: ActionHandler<"auth.listAuditLog", AuthService> = async function (ctx) {
  const { limit = 20, cursor, ...filters } = ctx.params;
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : placeOf(cursor);
  const tenant = tenantsOf(ctx.meta.identity as Identity);
  const rows = await listActs(this.database, { ...filters, tenant, before, limit: limit + 1 });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { items: page.map(view), nextCursor: rows.length > limit && last ? encodeCursor([last.sequence]) : null };
};

function placeOf(cursor: string): number {
  const [sequence, ...rest] = decodeCursor(cursor) ?? [];
  if (typeof sequence === "number" && Number.isSafeInteger(sequence) && sequence > 0 && rest.length === 0)
    return sequence;
  throw validationFailed({ errors: [{ path: "/cursor", message: "is not a cursor of this list" }] });
}

function view(row: RecordedAct): AuditedAct {
  const { id, sequence, at, tenant, client, customer, action, object, params, address, requestId, outcome, endedAt } =
    row;
  return {
    id,
    sequence,
    at,
    tenant,
    actor: { client, ...(customer !== null && { customer }) },
    action,
    ...(object !== null && { object }),
    params: JSON.parse(params) as AuditedAct["params"],
    ...(address !== null && { address }),
    ...(requestId !== null && { requestId }),
    ...(outcome !== null && { outcome }),
    ...(endedAt !== null && { endedAt }),
    hash: row.hash,
  };
}
