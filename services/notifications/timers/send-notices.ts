import { after } from "../../../platform/clock.ts";
import type { Outcome, OutgoingMessage, Settlement } from "../message.ts";
import type { Notice } from "../notice.ts";
import { claimNotices, settleNotices } from "../notice-repository.ts";
import { settlementOf } from "../retry.ts";
import { type Settings, senderOf } from "../settings.ts";
import { CLAIM_MS, type Lane } from "../shared/lane.ts";
import type { NotificationsService } from "../shared/notifications-service.ts";
import { findSettingsOf } from "../template-repository.ts";
import { noticeMail } from "../templates/notices.ts";

const LIMIT = 5;

/**
 * Tells tenants what they are to know of themselves, by mail to the contact that they have named. Notices share the medium
 * and its breaker with the mail to customers, and wait for none of it. Answers 0 when there may be more.
 */
export async function sendNotices(service: NotificationsService): Promise<0 | undefined> {
  const { database, clock, lanes } = service;
  const lane = lanes.get("email");
  const now = clock.now();
  if (lane?.breaker.restsUntil(now) !== undefined) return undefined;
  const limit = lane?.breaker.isOnTrial ? 1 : LIMIT;
  const notices = await claimNotices(database, now, after(now, CLAIM_MS), limit);
  if (notices.length === 0) return undefined;
  const settlements = await Promise.all(notices.map((notice) => handOver(service, lane, notice)));
  await settleNotices(database, settlements, clock.now());
  return notices.length === limit ? 0 : undefined;
}

async function handOver(
  service: NotificationsService,
  lane: Lane | undefined,
  notice: Notice,
): Promise<Settlement<Notice>> {
  const { clock, logger } = service;
  const outcome = lane ? await sent(service, lane, notice) : "MEDIUM_OFF";
  if (typeof outcome === "string")
    return { message: notice, state: "SKIPPED", attempts: notice.attempts, reason: outcome };
  const settlement = settlementOf(notice, outcome, clock.now(), Math.random());
  const { state, reason } = settlement;
  const { id, tenant, endpointId } = notice;
  if (state === "DEAD") logger.error({ notice: id, tenant, endpointId, reason }, "a tenant could not be told");
  return settlement;
}

/** What the medium has made of a notice, or why it was not given one. */
async function sent(service: NotificationsService, lane: Lane, notice: Notice): Promise<Outcome | string> {
  try {
    const settings = await findSettingsOf(service, notice.tenant);
    if (!settings || settings.contactEmail === null) return "NO_ADDRESS";
    const [outcome] = await lane.medium.send([outgoingOf(notice, settings.contactEmail, settings)]);
    lane.breaker.record(outcome as Outcome, service.clock.now(), Math.random());
    return outcome as Outcome;
  } catch (err) {
    // The others of the set are not tried again for it.
    service.logger.error({ err, notice: notice.id, tenant: notice.tenant }, "a notice could not be made");
    return { kind: "retry", reason: "NOT_MADE", broken: false };
  }
}

function outgoingOf(notice: Notice, address: string, settings: Settings): OutgoingMessage {
  const { id, tenant } = notice;
  return { id, tenant, to: { address }, ...senderOf(settings), ...noticeMail(notice, settings.language) };
}
