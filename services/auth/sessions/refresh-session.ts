import { timingSafeEqual } from "node:crypto";
import { after, type Instant } from "../../../platform/clock.ts";
import { inTransaction, type Tx } from "../../../platform/database.ts";
import { serviceContext } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import {
  hashOf,
  newNonce,
  type RefreshToken,
  readRefreshToken,
  tokenAfter,
  writeRefreshToken,
} from "../crypto/refresh-token.ts";
import { grantAccess } from "./access-grant.ts";
import { endSession } from "./end-session.ts";
import { type LockedSession, lockSession, renewSession } from "./session-repository.ts";

/** How long a login lasts that is not used, in ms. */
export const SESSION_MS = 30 * 86_400_000;
/** How long a login lasts at most, however it is used, in ms. */
export const LONGEST_SESSION_MS = 180 * 86_400_000;
/**
 * How long the token before the one that is good is taken for a second request with it, or for one whose answer was lost,
 * in ms. Later it can only have been stolen, or copied.
 */
const GRACE_MS = 10_000;
const REUSED = "a refresh token was used up before, and its login is ended";

/**
 * New tokens for a refresh token, which is used up by it (RFC 9700, 4.14.2). Whoever asks with the same token within a
 * moment gets the same next one, so that a browser's tabs do not log each other out. One that was used up before ends
 * the login with all its tokens: either its thief or its owner has shown it. Undefined for every token that is not good.
 *
 * @param client who asks, where that is known: a token is good for the client alone that it was given to
 */
export async function refreshSession(service: AuthService, text: string, client?: string) {
  const token = readRefreshToken(text);
  // Whose it is the token itself says.
  const found = token && (await inTransaction(serviceContext(service), (tx) => rotate(service, tx, token, client)));
  if (!found) return undefined;
  const { session, next } = found;
  return {
    ...grantAccess(service, {
      client: session.client,
      tenant: session.tenant,
      scopes: session.scopes.filter((scope) => session.granted.includes(scope)),
      epoch: session.epoch,
      customer: session.customer,
      session: session.id,
    }),
    refresh_token: writeRefreshToken(next),
  };
}

async function rotate(
  service: AuthService,
  tx: Tx,
  token: RefreshToken,
  client: string | undefined,
): Promise<{ session: LockedSession; next: RefreshToken } | undefined> {
  const now: Instant = service.clock.now();
  const session = await lockSession(tx, token.family);
  if (!session?.active || session.endedAt || session.expiresAt <= now) return undefined;
  if (client !== undefined && client !== session.client) return undefined;
  const hash = hashOf(token);
  if (timingSafeEqual(hash, session.currentHash)) {
    const nonce = newNonce();
    const next = tokenAfter(token, nonce);
    const ends = [after(now, SESSION_MS), after(session.createdAt, LONGEST_SESSION_MS)];
    const expiresAt = ends.sort()[0] as Instant;
    await renewSession(tx, session.id, { hash: hashOf(next), nonce, expiresAt }, now);
    return { session, next };
  }
  const { previousHash, nonce, refreshedAt } = session;
  if (previousHash && nonce && timingSafeEqual(hash, previousHash) && now <= after(refreshedAt, GRACE_MS)) {
    return { session, next: tokenAfter(token, nonce) };
  }
  // The family is known to holders of its tokens alone: this was one of them.
  await endSession(service, tx, session, "REUSED");
  const { tenant, customer, id: login } = session;
  tx.afterCommit(() => service.logger.warn({ tenant, client: session.client, customer, login }, REUSED));
  return undefined;
}
