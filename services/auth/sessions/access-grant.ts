import { configOf } from "../../../platform/config.ts";
import { newId } from "../../../platform/ids.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { signAccessToken } from "../crypto/access-token.ts";

/** Whom an access token is for. */
export interface Grantee {
  readonly client: string;
  readonly tenant: string;
  readonly scopes: readonly string[];
  /** The client's, as it was when the client was found to be active: a token of an earlier one is not good. */
  readonly epoch: string;
  /** The customer and their login, if it is one's. */
  readonly customer?: string;
  readonly session?: string;
}

/** A new access token, as the token endpoint answers it (RFC 6749, 5.1). */
export function grantAccess(service: AuthService, { client, tenant, scopes, epoch, customer, session }: Grantee) {
  const { issuer, accessTokenSeconds } = configOf(service.broker);
  const iat = Math.floor(Date.parse(service.clock.now()) / 1_000);
  const scope = scopes.join(" ");
  const claims = {
    jti: newId(),
    client_id: client,
    tenant,
    ...(customer !== undefined && { customer }),
    ...(session !== undefined && { sid: session }),
    epoch,
    scope,
    iat,
    exp: iat + accessTokenSeconds,
  };
  return {
    access_token: signAccessToken(claims, issuer, service.keys.signing),
    token_type: "Bearer" as const,
    expires_in: accessTokenSeconds,
    scope,
  };
}
