import { after } from "../../../platform/clock.ts";
import { leastIdAt } from "../../../platform/ids.ts";
import { removeEmptyEndpoints, removeOldDeliveries, removeOldPayloads } from "../expiry-repository.ts";
import { KEPT_MS } from "../shared/history.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

const DAY_MS = 86_400_000;
const LIMIT = 1_000;

/**
 * Removes a set of what is older than the history, and of what was an endpoint's that is removed. Answers 0 when there may
 * be more.
 */
export async function removeOld({ database: { acrossTenants }, clock }: WebhooksService): Promise<0 | undefined> {
  const end = after(clock.now(), -KEPT_MS);
  const deliveries = await removeOldDeliveries(acrossTenants, leastIdAt(Date.parse(end)), LIMIT);
  await removeEmptyEndpoints(acrossTenants);
  // A delivery may be recorded some time after its payload was for another endpoint.
  const payloads = await removeOldPayloads(acrossTenants, after(end, -DAY_MS), LIMIT);
  return deliveries === LIMIT || payloads === LIMIT ? 0 : undefined;
}
