import { configOf } from "../../../platform/config.ts";
import { newId } from "../../../platform/ids.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { authenticateClient } from "../clients/authenticate-client.ts";
import { invalidRequest, invalidScope, unsupportedGrantType } from "../contract.ts";
import { signAccessToken } from "../crypto/access-token.ts";
import { narrowScope } from "../scope.ts";

/** An access token for a client that shows its secret. */
export const issueToken: ActionHandler<"auth.issueToken", AuthService> = async function (ctx) {
  const { grant_type: grant, scope: asked } = ctx.params;
  // A parameter without a value counts as left out (RFC 6749, 3.2).
  if (!grant) throw invalidRequest({ detail: "grant_type is required." });
  if (grant !== "client_credentials") throw unsupportedGrantType({ detail: "grant_type must be client_credentials." });
  const client = await authenticateClient(this, ctx);
  const scopes = narrowScope(asked, client.scopes);
  if (!scopes) throw invalidScope({ detail: "The scope is more than the client was granted." });
  const { issuer, accessTokenSeconds } = configOf(this.broker);
  const iat = Math.floor(Date.parse(this.clock.now()) / 1_000);
  const scope = scopes.join(" ");
  const claims = {
    jti: newId(),
    client_id: client.id,
    tenant: client.tenant,
    scope,
    iat,
    exp: iat + accessTokenSeconds,
  };
  return {
    access_token: signAccessToken(claims, issuer, this.keys.signing),
    token_type: "Bearer",
    expires_in: accessTokenSeconds,
    scope,
  };
};
