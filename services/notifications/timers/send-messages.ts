import type { NotificationsService } from "../media/medium.ts";
import { handOver } from "../shared/hand-over.ts";

const LIMIT = 256;

/** Hands over a set of what this node has recorded. Answers 0 when there may be more. */
export async function sendMessages(service: NotificationsService): Promise<0 | undefined> {
  const { clock, unsent } = service;
  await handOver(service, unsent.take(clock.now(), LIMIT));
  return unsent.isEmpty ? undefined : 0;
}
