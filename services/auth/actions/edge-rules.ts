import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { findEdgeRules } from "../clients/edge-rules-repository.ts";

/** What the edge lets a client and its tenant do. A client that is not there has the defaults, and no origins. */
export const edgeRules: ActionHandler<"auth.edgeRules", AuthService> = async function (ctx) {
  const rules = await findEdgeRules(this.database, ctx.params.client);
  return rules ?? { limits: {}, tenantLimits: {}, origins: [] };
};
