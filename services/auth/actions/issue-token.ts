import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { authenticateClient } from "../clients/authenticate-client.ts";
import { mayAskBy } from "../clients/find-client.ts";
import { invalidGrant, invalidRequest, invalidScope, unauthorizedClient, unsupportedGrantType } from "../contract.ts";
import { narrowScope } from "../scope.ts";
import { grantAccess } from "../sessions/access-grant.ts";
import { refreshSession } from "../sessions/refresh-session.ts";

/** An access token for a client that shows its secret, or for a refresh token. */
export const issueToken: ActionHandler<"auth.issueToken", AuthService> = async function (ctx) {
  const {
    grant_type: grant,
    scope: asked,
    refresh_token: refreshToken,
    client_id: id,
    client_secret: secret,
  } = ctx.params;
  // A parameter without a value counts as left out (RFC 6749, 3.2).
  if (!grant) throw invalidRequest({ detail: "grant_type is required." });
  if (grant === "refresh_token") {
    if (!refreshToken) throw invalidRequest({ detail: "refresh_token is required." });
    // A login is of a browser or an app, which has no secret to show; one that is shown has to be right.
    const client = secret ? (await authenticateClient(this, ctx)).id : id;
    const tokens = await refreshSession(this, refreshToken, client);
    if (!tokens) throw invalidGrant();
    return tokens;
  }
  if (grant !== "client_credentials")
    throw unsupportedGrantType({ detail: "grant_type must be client_credentials or refresh_token." });
  const client = await authenticateClient(this, ctx);
  if (!mayAskBy(client, grant)) throw unauthorizedClient();
  const scopes = narrowScope(asked, client.scopes);
  if (!scopes) throw invalidScope({ detail: "The scope is more than the client was granted." });
  return grantAccess(this, { client: client.id, tenant: client.tenant, scopes, epoch: client.epoch });
};
