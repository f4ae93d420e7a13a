import { after } from "../../../platform/clock.ts";
import { MEDIA, type MediumName } from "../contract.ts";
import { claimMessages } from "../message-repository.ts";
import { CLAIM_MS } from "../shared/lane.ts";
import type { NotificationsService } from "../shared/notifications-service.ts";
import { prepareMessages } from "../shared/prepare.ts";

const OF_NO_MEDIUM = 256;

/**
 * Takes in hand what is due of each medium that has nothing to do and is not left alone: what has failed, what waited for
 * another one, what was left by a node that died. Of one that may be broken still it is a single message. What is for a medium
 * that is off is settled, and is not in anybody's way when it is on again. Answers 0 when there is more of that.
 */
export async function resendMessages(service: NotificationsService): Promise<0 | undefined> {
  let soon: 0 | undefined;
  for (const medium of MEDIA) {
    const lane = service.lanes.get(medium);
    if (!lane) {
      if ((await claimed(service, medium, OF_NO_MEDIUM)) === OF_NO_MEDIUM) soon = 0;
      continue;
    }
    if (lane.isBusy || !lane.unsent.isEmpty || lane.breaker.restsUntil(service.clock.now()) !== undefined) continue;
    const limit = lane.breaker.isOnTrial ? 1 : lane.medium.atOnce;
    lane.hasMore = (await claimed(service, medium, limit)) === limit;
    if (lane.hasMore) lane.sending.wake();
  }
  return soon;
}

/** Claims due messages and has them prepared. Answers how many there were. */
async function claimed(service: NotificationsService, medium: MediumName, limit: number): Promise<number> {
  const { database, clock } = service;
  const now = clock.now();
  const until = after(now, CLAIM_MS);
  const messages = await claimMessages(database, medium, now, until, limit);
  await prepareMessages(
    service,
    messages.map((message) => ({ message, until })),
  );
  return messages.length;
}
