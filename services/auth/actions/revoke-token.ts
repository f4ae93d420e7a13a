import { inTransaction } from "../../../platform/database.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { authenticateClient } from "../clients/authenticate-client.ts";
import { currentToken } from "../crypto/current-token.ts";
import { revokeToken as revokeRow } from "../repository.ts";

/**
 * Ends a token of the client's tenant. A token that is not valid, or another tenant's, is answered the same way
 * (RFC 7009, 2.2): whoever asks learns nothing of it.
 */
export const revokeToken: ActionHandler<"auth.revoke", AuthService> = async function (ctx) {
  const client = await authenticateClient(this, ctx);
  const claims = await currentToken(this, ctx.params.token);
  if (claims?.tenant !== client.tenant) return {};
  const { jti, tenant, exp } = claims;
  const expiresAt = new Date(exp * 1_000).toISOString();
  await inTransaction(ctx, (tx) => revokeRow(tx, { jti, tenant, expiresAt }, this.clock.now()));
  this.revoked.set(jti, exp);
  // To the other nodes and to the gateways, whose live feeds end with the token. One that misses it reads the row, or asks.
  await this.broker.broadcast("auth.token_revoked", { jti, exp });
  return {};
};
