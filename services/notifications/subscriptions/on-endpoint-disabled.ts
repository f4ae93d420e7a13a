import { on } from "../../../platform/subscriptions/subscription.ts";
import type { Notice } from "../notice.ts";
import { recordNotices } from "../notice-repository.ts";
import type { NotificationsService } from "../shared/notifications-service.ts";

/** Records that a tenant is to be told that an endpoint of theirs is not called any more, in the transaction of the cursor. */
export const onEndpointDisabled = on("webhooks.endpoint_disabled.v1", async (tx, events, ctx) => {
  const { clock, noticing } = ctx.service as unknown as NotificationsService;
  const notices = events.map(({ id, tenant, data }): Notice => {
    const { endpointId, reason, failingSince = null } = data;
    return { id, tenant, endpointId, reason, failingSince, attempts: 0 };
  });
  await recordNotices(tx, notices, clock.now());
  tx.afterCommit(() => noticing.wake());
});
