import { after } from "../../../platform/clock.ts";
import { newId } from "../../../platform/ids.ts";
import type { EventHandler } from "../../../platform/subscriptions/subscription.ts";
import type { NotificationsService } from "../media/medium.ts";
import { MESSAGES, type ToldEvent } from "../message.ts";
import { recordMessages } from "../repository.ts";
import { CLAIM_MS } from "../shared/hand-over.ts";

/**
 * Records what a customer is to be told of an order, in the transaction of the cursor; it is sent after that. It is
 * recorded as in hand of this node, which saves looking for it and a write.
 */
export const onOrderMoved: EventHandler<ToldEvent, void> = {
  types: Object.keys(MESSAGES) as ToldEvent[],
  async handle(tx, events, ctx) {
    const { clock, medium, sending, unsent } = ctx.service as unknown as NotificationsService;
    const messages = events.map((event) => ({
      ...{ id: newId(), tenant: event.tenant, orderId: event.stream, eventId: event.id },
      type: MESSAGES[event.type],
    }));
    const now = clock.now();
    const until = unsent.isFull ? undefined : after(now, CLAIM_MS);
    const added = await recordMessages(tx, medium.name, messages, now, until);
    if (until === undefined) return;
    tx.afterCommit(() => {
      unsent.add(added, until);
      sending.wake();
    });
  },
};
