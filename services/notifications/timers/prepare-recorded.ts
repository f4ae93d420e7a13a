import type { NotificationsService } from "../shared/notifications-service.ts";
import { prepareMessages } from "../shared/prepare.ts";

const LIMIT = 256;

/** Makes messages of a set of what this node has recorded. Answers 0 when there may be more. */
export async function prepareRecorded(service: NotificationsService): Promise<0 | undefined> {
  const { clock, unsent } = service;
  await prepareMessages(service, unsent.take(clock.now(), LIMIT));
  return unsent.isEmpty ? undefined : 0;
}
