import { after } from "../../../platform/clock.ts";
import { inTransaction } from "../../../platform/database.ts";
import type { NewEvent } from "../../../platform/event-log.ts";
import { newId } from "../../../platform/ids.ts";
import { serviceContext } from "../../../platform/service.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";
import { assessEndpoints, type Disabled, type Health, type Outcome, settleDeliveries } from "./queue-repository.ts";
import type { Schedule } from "./schedule.ts";

/**
 * Writes down what came of some attempts: the deliveries, their histories, how the endpoints are, and what is to be told
 * of those that are disabled by it.
 */
export async function recordOutcomes(
  service: WebhooksService,
  schedule: Schedule,
  outcomes: readonly Outcome[],
): Promise<undefined[]> {
  const now = service.clock.now();
  await inTransaction(serviceContext(service), async (tx) => {
    settleDeliveries(tx, outcomes, now);
    const failingBefore = after(now, -schedule.disableAfterMs);
    const disabled = await assessEndpoints(tx, healthOf(outcomes), schedule, now, failingBefore);
    service.log.append(
      tx,
      disabled.map((endpoint) => noticeOf(endpoint, now)),
    );
    tx.afterCommit(() => {
      for (const { id, tenant, reason } of disabled)
        service.logger.warn({ endpoint: id, tenant, reason }, "an endpoint for webhooks is disabled");
    });
  });
  return outcomes.map(() => undefined);
}

function healthOf(outcomes: readonly Outcome[]): Health[] {
  return [...Map.groupBy(outcomes, ({ endpointId }) => endpointId)].map(([id, some]) => {
    const gone = some.some(({ status }) => status === 410);
    const well = some.filter(({ state }) => state === "DELIVERED").length;
    const restsUntil = some
      .flatMap((one) => one.restsUntil ?? [])
      .sort()
      .at(-1);
    return { id, gone, ok: well > 0 && !gone, failures: some.length - well, restsUntil };
  });
}

function noticeOf({ id, tenant, reason, failingSince, streamVersion }: Disabled, at: string): NewEvent {
  return {
    ...{ stream: id, version: streamVersion, tenant, at },
    type: "webhooks.endpoint_disabled.v1",
    data: { endpointId: id, reason, ...(reason === "FAILING" && { failingSince }) },
    meta: { actor: "service:webhooks", correlationId: newId() },
  };
}
