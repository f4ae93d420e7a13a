import { after } from "../../../platform/clock.ts";
import { newId } from "../../../platform/ids.ts";
import type { EventHandler } from "../../../platform/subscriptions/subscription.ts";
import { MESSAGES, messageTypeOf, type RecordedMessage, type ToldEvent } from "../message.ts";
import { recordMessages } from "../message-repository.ts";
import { CLAIM_MS } from "../shared/lane.ts";
import type { NotificationsService } from "../shared/notifications-service.ts";

/**
 * Records that a customer is to be told of an order, in the transaction of the cursor: as mail, which is what customers get
 * unless they say otherwise. By which media they want it is asked when it is sent. It is recorded as in hand of this node,
 * which saves looking for it and a write.
 */
export const onOrderMoved: EventHandler<ToldEvent, void> = {
  types: Object.keys(MESSAGES) as ToldEvent[],
  async handle(tx, events, ctx) {
    const { clock, preparing, unsent } = ctx.service as unknown as NotificationsService;
    const messages = events.map(
      ({ id: eventId, tenant, stream, version, type, data }): RecordedMessage => ({
        ...{ id: newId(), tenant, orderId: stream, eventId, version },
        ...{ type: messageTypeOf(type, data as { code?: string }), medium: "email", attempts: 0 },
      }),
    );
    const now = clock.now();
    const until = unsent.isFull ? now : after(now, CLAIM_MS);
    const added = await recordMessages(tx, messages, now, until);
    tx.afterCommit(() => {
      unsent.add(added.map((message) => ({ message, until })));
      preparing.wake();
    });
  },
};
