import type { NotificationsService } from "../media/medium.ts";
import type { RecordedMessage } from "../message.ts";
import { markSent } from "../repository.ts";

/** How long a node may take to hand messages over before another one tries. */
export const CLAIM_MS = 30_000;

/** Hands claimed messages to the medium. */
export async function handOver(
  { database, medium }: NotificationsService,
  messages: readonly RecordedMessage[],
): Promise<void> {
  if (messages.length === 0) return;
  await medium.send(messages);
  await markSent(database, medium.name, messages);
}
