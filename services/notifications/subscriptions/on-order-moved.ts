import { newId } from "../../../platform/ids.ts";
import type { EventHandler } from "../../../platform/subscriptions/subscription.ts";
import type { NotificationsService } from "../media/medium.ts";
import { MESSAGES, type ToldEvent } from "../message.ts";
import { recordMessages } from "../repository.ts";

/** Records what a customer is to be told of an order, in the transaction of the cursor; it is sent after that. */
export const onOrderMoved: EventHandler<ToldEvent, void> = {
  types: Object.keys(MESSAGES) as ToldEvent[],
  async handle(tx, events, ctx) {
    const { clock, medium, sending } = ctx.service as unknown as NotificationsService;
    const messages = events.map((event) => ({
      ...{ id: newId(), tenant: event.tenant, orderId: event.stream, eventId: event.id },
      type: MESSAGES[event.type],
    }));
    await recordMessages(tx, medium.name, messages, clock.now());
    tx.afterCommit(() => sending.wake());
  },
};
