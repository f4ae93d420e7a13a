import type { Tx } from "../../../platform/database.ts";
import { revokeToken } from "../repository.ts";
import { lastTokenEnds, tellRevoked } from "../sessions/end-session.ts";
import type { AuthService } from "./auth-service.ts";

/** Ends all tokens of some epochs of a tenant's clients: on this node and the others once the transaction is committed. */
export async function endTokens(
  service: AuthService,
  tx: Tx,
  { epochs, tenant }: { readonly epochs: readonly string[]; readonly tenant: string },
): Promise<void> {
  const expiresAt = lastTokenEnds(service);
  for (const jti of epochs) await revokeToken(tx, { jti, tenant, expiresAt });
  tx.afterCommit(() => {
    for (const jti of epochs) tellRevoked(service, jti, expiresAt);
  });
}
