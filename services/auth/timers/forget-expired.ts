import { after } from "../../../platform/clock.ts";
import { inTransaction } from "../../../platform/database.ts";
import { type DomainService, serviceContext } from "../../../platform/service.ts";
import { dropRevocations, takeCleanUp } from "../repository.ts";
import { dropSessions } from "../sessions/session-repository.ts";

/** How long logins are kept that expired, or that were ended, for whoever asks what happened. */
const EXPIRED_KEPT_MS = 86_400_000;
const ENDED_KEPT_MS = 30 * 86_400_000;

/**
 * Forgets, once an hour, what has expired: revocations of tokens, and logins. Every node looks whether it is due, and one
 * does it: the turn is taken in the transaction of the work, so that with a node that dies over it the turn is free again.
 */
export async function forgetExpired(service: DomainService): Promise<undefined> {
  const isDone = await inTransaction(serviceContext(service), async (tx) => {
    if (!(await takeCleanUp(tx))) return false;
    const now = service.clock.now();
    await dropRevocations(tx, now);
    await dropSessions(tx, { expired: after(now, -EXPIRED_KEPT_MS), ended: after(now, -ENDED_KEPT_MS) });
    return true;
  });
  if (isDone) service.logger.info("what has expired is forgotten");
}
