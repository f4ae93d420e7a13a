import type { EventMeta, SequencedEvent } from "../../../platform/event-log.ts";
import type { DomainService } from "../../../platform/service.ts";
import type { EventHandler } from "../../../platform/subscriptions/subscription.ts";
import type { OrderEventType } from "../order.ts";
import { type Advance, advance, writeAdvance } from "../steps/advance.ts";

/**
 * The order process: whatever happens to an order, see what is next. Beside the events that make a step due there are
 * those that may overtake a step's answer: the answer is then not written, and they bring the order here again.
 */
export const advanceProcess: EventHandler<OrderEventType, Advance> = {
  types: [
    "orders.placed.v1",
    "orders.stock_reserved.v1",
    "orders.shipped.v1",
    "orders.cancellation_decided.v1",
    "orders.step_retried.v1",
    "orders.step_skipped.v1",
    "orders.delivered.v1",
    "orders.returned.v1",
    "orders.attention_raised.v1",
    "orders.attention_cleared.v1",
  ],
  async prepare(ctx, events: readonly SequencedEvent<OrderEventType>[]) {
    const causes = new Map(
      events.map((event): [string, EventMeta] => {
        const { correlationId } = event.meta;
        return [
          event.stream,
          { actor: "service:orders", ...(correlationId && { correlationId }), causationId: event.id },
        ];
      }),
    );
    return advance(ctx, [...causes.keys()], causes);
  },
  async handle(tx, _events, ctx, prepared) {
    await writeAdvance(tx, ctx.service as unknown as DomainService, prepared);
  },
};
