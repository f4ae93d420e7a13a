import { after } from "../../../platform/clock.ts";
import { configOf } from "../../../platform/config.ts";
import type { Tx } from "../../../platform/database.ts";
import { revokeToken } from "../repository.ts";
import { tellRevoked } from "../sessions/end-session.ts";
import type { AuthService } from "./auth-service.ts";

/** A request that found the client active a moment ago may still sign a token of that epoch, in ms. */
const ON_ITS_WAY_MS = 60_000;

/** Ends all tokens of some epochs of a tenant's clients: on this node and the others once the transaction is committed. */
export async function endTokens(
  service: AuthService,
  tx: Tx,
  { epochs, tenant }: { readonly epochs: readonly string[]; readonly tenant: string },
): Promise<void> {
  const now = service.clock.now();
  const expiresAt = after(now, 1_000 * configOf(service.broker).accessTokenSeconds + ON_ITS_WAY_MS);
  for (const jti of epochs) await revokeToken(tx, { jti, tenant, expiresAt });
  tx.afterCommit(() => {
    for (const jti of epochs) tellRevoked(service, jti, expiresAt);
  });
}
