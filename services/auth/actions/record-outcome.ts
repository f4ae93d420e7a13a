import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { idFrom } from "../audit/audit-entry.ts";
import { findActs } from "../audit/audit-repository.ts";
import type { AuthService } from "../clients/auth-service.ts";

/** Puts behind an act how it has ended. */
export const recordOutcome: ActionHandler<"auth.recordOutcome", AuthService> = async function (ctx) {
  const { act: id, outcome, object } = ctx.params;
  const [act] = await findActs(this.database.acrossTenants, [id]);
  if (!act) throw notFound();
  const { tenant, client, customer, action } = act;
  const whose = { tenant, client, ...(customer !== null && { customer }), action };
  // The first one that is told is the one that holds: a call that is made again has the same id.
  await this.record({
    id: idFrom(`outcome of ${id}`),
    act: id,
    ...whose,
    ...(object !== undefined && { object }),
    params: "{}",
    outcome,
  });
  return {};
};
