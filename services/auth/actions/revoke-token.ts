import { inTransaction } from "../../../platform/database.ts";
import { revocationId } from "../../../platform/identity/claims.ts";
import { verifierOf } from "../../../platform/identity/token-verifier.ts";
import { type ActionHandler, serviceContext } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { authenticateClient } from "../clients/authenticate-client.ts";
import { readRefreshToken } from "../crypto/refresh-token.ts";
import { endSession } from "../sessions/end-session.ts";
import { lockSession } from "../sessions/session-repository.ts";

/**
 * Ends a token of the client's tenant, and with a token of a login the login (RFC 7009, 2.1). One that is not valid, or
 * another tenant's, is answered the same way (2.2): whoever asks learns nothing of it.
 */
export const revokeToken: ActionHandler<"auth.revoke", AuthService> = async function (ctx) {
  const client = await authenticateClient(this, ctx);
  const claims = await verifierOf(this.broker).claimsOf(ctx.params.token);
  if (claims === undefined) await revokeRefreshToken(this, ctx.params.token, client.tenant);
  else if (claims.tenant === client.tenant) {
    const { tenant, exp, sid } = claims;
    // Other tokens of the login may last longer than this one.
    const expiresAt = sid === undefined ? new Date(exp * 1_000).toISOString() : undefined;
    const session = { id: revocationId(claims), tenant };
    await inTransaction(serviceContext(this, tenant), (tx) => endSession(this, tx, session, "REVOKED", expiresAt));
  }
  return {};
};

async function revokeRefreshToken(service: AuthService, text: string, tenant: string): Promise<void> {
  const token = readRefreshToken(text);
  if (!token) return;
  await inTransaction(serviceContext(service, tenant), async (tx) => {
    const session = await lockSession(tx, token.family);
    if (session) await endSession(service, tx, session, "REVOKED");
  });
}
