import { hash } from "node:crypto";
import { unauthorised } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { revocationId } from "../claims.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { currentToken } from "../crypto/current-token.ts";
import { parseScope } from "../scope.ts";

/**
 * Who an access token is. Every gateway asks here, again and again: a signature is checked once, and then the token is
 * known by its hash until it ends or is revoked.
 */
export const authenticate: ActionHandler<"auth.authenticate", AuthService> = async function (ctx) {
  const { token } = ctx.params;
  const key = hash("sha256", token, "base64url");
  let identity = this.verified.get(key);
  if (!identity) {
    const claims = await currentToken(this, token);
    if (!claims) throw unauthorised({ detail: "The access token is not valid." });
    // Given to every request with this token, so nobody may change it.
    identity = Object.freeze({
      tenant: claims.tenant,
      client: claims.client_id,
      ...(claims.customer !== undefined && { customer: claims.customer }),
      scopes: Object.freeze(parseScope(claims.scope)) as string[],
      expires: claims.exp,
      tokenId: revocationId(claims),
    });
    this.verified.set(key, identity);
  }
  if (identity.expires * 1_000 <= Date.parse(this.clock.now()) || this.revoked.has(identity.tokenId)) {
    this.verified.delete(key);
    throw unauthorised({ detail: "The access token is not valid." });
  }
  return identity;
};
