import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { listProcesses, processView } from "../process-repository.ts";

/** The order processes in trouble with whose they are, of the tenant or of all. */
export const inspectProcesses: ActionHandler<"orders.inspectProcesses"> = async function (ctx) {
  const tenant = ownTenant(ctx);
  const rows = await listProcesses(this.database, { tenant, ...ctx.params });
  return rows.map((row) => ({ tenant: row.tenant, process: processView(row) }));
};
