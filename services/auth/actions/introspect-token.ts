import { configOf } from "../../../platform/config.ts";
import { AUDIENCE } from "../../../platform/identity/claims.ts";
import { verifierOf } from "../../../platform/identity/token-verifier.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { authenticateClient } from "../clients/authenticate-client.ts";

/** What a token of the client's tenant says; of every other only that it is not active (RFC 7662, 2.2). */
export const introspectToken: ActionHandler<"auth.introspect", AuthService> = async function (ctx) {
  const client = await authenticateClient(this, ctx);
  const claims = await verifierOf(this.broker).claimsOf(ctx.params.token);
  if (claims?.tenant !== client.tenant) return { active: false };
  const { scope, client_id, exp, iat, jti, tenant, customer } = claims;
  return {
    active: true,
    scope,
    client_id,
    token_type: "Bearer",
    exp,
    iat,
    sub: customer ?? client_id,
    aud: AUDIENCE,
    iss: configOf(this.broker).issuer,
    jti,
    tenant,
  };
};
