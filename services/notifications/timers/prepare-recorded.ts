import { giveWay } from "../../../platform/rush.ts";
import { CLAIM_MS } from "../shared/lane.ts";
import type { NotificationsService } from "../shared/notifications-service.ts";
import { prepareMessages } from "../shared/prepare.ts";

const LIMIT = 256;

/**
 * Makes messages of a set of what this node has recorded. Answers 0 when there may be more. In a rush of orders the
 * messages wait, as all does that happens to orders once they are accepted.
 */
export async function prepareRecorded(service: NotificationsService): Promise<0 | undefined> {
  const { broker, clock, unsent, stopping } = service;
  const now = clock.now();
  const taken = unsent.take(now, LIMIT);
  const [oldest] = taken;
  if (oldest) {
    const began = performance.now();
    await prepareMessages(service, taken);
    const age = CLAIM_MS - (Date.parse(oldest.until) - Date.parse(now));
    await giveWay(broker, performance.now() - began, age, stopping.signal);
  }
  return unsent.isEmpty ? undefined : 0;
}
