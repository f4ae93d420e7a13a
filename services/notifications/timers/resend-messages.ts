import { after } from "../../../platform/clock.ts";
import type { NotificationsService } from "../media/medium.ts";
import { claimMessages } from "../repository.ts";
import { CLAIM_MS, handOver } from "../shared/hand-over.ts";

const LIMIT = 256;

/** Hands over a set of what no node has in hand any more. Answers 0 when there may be more. */
export async function resendMessages(service: NotificationsService): Promise<0 | undefined> {
  const { database, clock, medium } = service;
  const now = clock.now();
  const messages = await claimMessages(database, medium.name, now, after(now, CLAIM_MS), LIMIT);
  await handOver(service, messages);
  return messages.length === LIMIT ? 0 : undefined;
}
