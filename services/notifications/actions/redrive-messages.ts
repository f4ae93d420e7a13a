import { notFound } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { isDead, redriveMessages as redriveAll, redriveMessage as redriveOne } from "../outbox-repository.ts";
import type { NotificationsService } from "../shared/notifications-service.ts";

/** Gives a message its attempts again that was given up. Throws NOT_FOUND for any other. */
export const redriveMessage: ActionHandler<"notifications.redriveMessage", NotificationsService> = async function (
  ctx,
) {
  const { id } = ctx.params;
  return once(ctx, async (tx) => {
    if (!(await redriveOne(tx, ownTenant(ctx), id, this.clock.now()))) throw notFound();
    tx.afterCommit(() => this.resending.wake());
    return { id, state: "PENDING" as const };
  });
};

/** The same for all of the tenant's, or those of one medium. */
export const redriveMessages: ActionHandler<"notifications.redriveMessages", NotificationsService> = async function (
  ctx,
) {
  return once(ctx, async (tx) => {
    const redriven = await redriveAll(tx, ownTenant(ctx), ctx.params.medium, this.clock.now());
    tx.afterCommit(() => this.resending.wake());
    return { redriven };
  });
};

/** Whether a message was given up. */
export const deadMessage: ActionHandler<"notifications.deadMessage"> = async function (ctx) {
  if (!(await isDead(this.database, ownTenant(ctx), ctx.params.id))) throw notFound();
  return { id: ctx.params.id };
};
