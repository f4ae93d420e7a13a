import { after } from "../../../platform/clock.ts";
import type { DomainService } from "../../../platform/service.ts";
import { removeOldSandboxMessages } from "../outbox-repository.ts";
import { removeExpiredTickets } from "../repository.ts";

const LIMIT = 1_000;
/** How long the sandboxes keep what they were given: it is personal. */
const OUTBOX_KEPT_MS = 30 * 86_400_000;

/** Removes tickets that nobody used in time, and what the sandboxes have kept long enough. Answers 0 when there may be more. */
export async function removeExpired({ database, clock }: DomainService): Promise<0 | undefined> {
  const now = clock.now();
  const tickets = await removeExpiredTickets(database, now, LIMIT);
  const messages = await removeOldSandboxMessages(database, after(now, -OUTBOX_KEPT_MS), LIMIT);
  return tickets === LIMIT || messages === LIMIT ? 0 : undefined;
}
