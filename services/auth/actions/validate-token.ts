import { revocationId } from "../../../platform/identity/claims.ts";
import { verifierOf } from "../../../platform/identity/token-verifier.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { parseScope } from "../scope.ts";

/** Whether an access token is good, and what it says, for whoever holds it; every other answer says only no. */
export const validateToken: ActionHandler<"auth.validate", AuthService> = async function (ctx) {
  const claims = await verifierOf(this.broker).claimsOf(ctx.params.token);
  if (!claims) return { valid: false };
  const { tenant, client_id: client, customer, scope, exp } = claims;
  return {
    valid: true,
    tokenId: revocationId(claims),
    tenant,
    client,
    ...(customer !== undefined && { customer }),
    scopes: parseScope(scope),
    expiresAt: new Date(exp * 1_000).toISOString(),
  };
};
