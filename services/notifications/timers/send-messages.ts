import { after } from "../../../platform/clock.ts";
import type { NotificationsService } from "../media/medium.ts";
import { claimMessages, markSent } from "../repository.ts";

const LIMIT = 256;
/** How long a node may take to hand a set over before another one tries. */
const CLAIM_MS = 30_000;

/** Hands a set of recorded messages to the medium. Answers 0 when there may be more. */
export async function sendMessages({ database, clock, medium }: NotificationsService): Promise<0 | undefined> {
  const now = clock.now();
  const messages = await claimMessages(database, medium.name, now, after(now, CLAIM_MS), LIMIT);
  if (messages.length === 0) return undefined;
  await medium.send(messages);
  await markSent(
    database,
    messages.map((message) => message.id),
  );
  return messages.length === LIMIT ? 0 : undefined;
}
