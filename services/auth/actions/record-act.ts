import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";

/** Puts an act into the audit log before it is done, as the node says that is about to do it. */
export const recordAct: ActionHandler<"auth.recordAct", AuthService> = async function (ctx) {
  const { params, ...act } = ctx.params;
  await this.record({ ...act, params: JSON.stringify(params) });
  return {};
};
