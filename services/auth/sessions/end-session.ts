import { after, type Instant } from "../../../platform/clock.ts";
import { configOf } from "../../../platform/config.ts";
import type { Tx } from "../../../platform/database.ts";
import { verifierOf } from "../../../platform/identity/token-verifier.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { revokeToken } from "../repository.ts";
import {
  type EndReason,
  endSessionRow,
  endSessionsOf,
  type SessionOwner,
  type WhichSessions,
} from "./session-repository.ts";

/** A request that was let in a moment ago may still sign a token, in ms. */
const ON_ITS_WAY_MS = 60_000;

/** When the last access token ends that may be given out by what is ended now. */
export function lastTokenEnds(service: AuthService): Instant {
  return after(service.clock.now(), 1_000 * configOf(service.broker).accessTokenSeconds + ON_ITS_WAY_MS);
}

/**
 * Ends a login, if that is what the id is of, and every access token that is ended by the id: on this node and the others
 * once the transaction is committed.
 */
export async function endSession(
  service: AuthService,
  tx: Tx,
  { id, tenant }: { readonly id: string; readonly tenant: string },
  reason: EndReason,
  expiresAt: Instant = lastTokenEnds(service),
): Promise<void> {
  const now = service.clock.now();
  await endSessionRow(tx, { id, tenant }, reason, now);
  await revokeToken(tx, { jti: id, tenant, expiresAt });
  tx.afterCommit(() => tellRevoked(service, id, expiresAt));
}

/**
 * Ends logins of a customer, all but those that are excepted, with every access token of theirs: on this node and the
 * others once the transaction is committed. Answers how many.
 */
export async function endLogins(
  service: AuthService,
  tx: Tx,
  owner: SessionOwner,
  reason: EndReason,
  which: WhichSessions = {},
): Promise<number> {
  const expiresAt = lastTokenEnds(service);
  const ended = await endSessionsOf(tx, owner, which, { reason, now: service.clock.now(), expiresAt });
  tx.afterCommit(() => {
    for (const id of ended) tellRevoked(service, id, expiresAt);
  });
  return ended.length;
}

/** Takes note of what ends tokens, and tells all other nodes, once it is committed. */
export function tellRevoked(service: AuthService, id: string, expiresAt: Instant): void {
  const exp = Date.parse(expiresAt) / 1_000;
  verifierOf(service.broker).revoke({ id, exp });
  // One that misses it reads the row within a second.
  service.broker.broadcast("auth.token_revoked", { jti: id, exp }).catch(() => {});
}
