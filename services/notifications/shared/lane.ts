import { after, type Instant } from "../../../platform/clock.ts";
import { Timer, type TimerOptions } from "../../../platform/timer.ts";
import { Breaker } from "../breaker.ts";
import type { Medium } from "../media/medium.ts";
import type { OutgoingMessage, Settlement } from "../message.ts";
import { settleMessages, type WaitingMessage, waitingMessages } from "../message-repository.ts";
import { settlementOf } from "../retry.ts";
import { type InHand, Unsent } from "../unsent.ts";
import type { NotificationsService } from "./notifications-service.ts";

/** How long a node may have a message in hand before another one tries. */
export const CLAIM_MS = 30_000;
/** How long after the one that it waits for, or that is with another node, a message is looked at again, in ms. */
const BEHIND_MS = 500;
const POSTPONED_TOGETHER = 256;

/** A message that is ready to be handed over. */
export interface PreparedMessage extends InHand {
  readonly outgoing: OutgoingMessage;
}

/** The way of one medium's messages out of this node. Each medium has its own, and none waits for another's. */
export class Lane {
  readonly medium: Medium;
  readonly unsent = new Unsent<PreparedMessage>();
  readonly breaker = new Breaker();
  readonly sending: Timer;
  /** Whether more was due than was taken in hand the last time. */
  hasMore = false;
  /** Whether messages are with the medium. */
  isBusy = false;

  constructor(service: NotificationsService, medium: Medium, options: Pick<TimerOptions, "everyMs" | "logger">) {
    this.medium = medium;
    this.sending = new Timer({ ...options, name: `${medium.name} messages`, run: () => this.#run(service) });
  }

  /** Takes prepared messages, oldest first. */
  add(messages: readonly PreparedMessage[]): void {
    this.unsent.add(messages);
    this.sending.wake();
  }

  async #run(service: NotificationsService): Promise<0 | undefined> {
    this.isBusy = true;
    try {
      await this.#handOver(service);
    } finally {
      this.isBusy = false;
    }
    if (!this.unsent.isEmpty) return 0;
    if (this.hasMore) service.resending.wake();
    return undefined;
  }

  async #handOver(service: NotificationsService): Promise<void> {
    const { database, clock } = service;
    const now = clock.now();
    const restsUntil = this.breaker.restsUntil(now);
    if (restsUntil !== undefined) return this.#postpone(service, this.unsent.take(now, POSTPONED_TOGETHER), restsUntil);
    const { atOnce, longestMs } = this.medium;
    const taken = this.unsent.take(after(now, longestMs), this.breaker.isOnTrial ? 1 : atOnce);
    if (taken.length === 0) return;
    // A placed order has nothing before it.
    const later = taken.map(({ message }) => message).filter(({ version }) => version !== 1);
    const waiting = later.length === 0 ? [] : await waitingMessages(database, later);
    const { next, behind, blocked } = inOrder(taken, waiting, now);
    this.unsent.putBack(behind);
    await settleMessages(database, blocked, now);
    if (next.length > 0) await this.#send(service, next);
  }

  async #send({ database, clock, logger }: NotificationsService, next: readonly PreparedMessage[]): Promise<void> {
    const outcomes = await this.medium.send(next.map(({ outgoing }) => outgoing));
    const now = clock.now();
    const settlements = next.map(({ message }, i) => {
      const outcome = outcomes[i] as (typeof outcomes)[number];
      this.breaker.record(outcome, now, Math.random());
      return settlementOf(message, outcome, now, Math.random());
    });
    await settleMessages(database, settlements, now);
    for (const { message, state, reason } of settlements) {
      const { id, tenant, type, medium } = message;
      if (state === "DEAD") logger.error({ messageId: id, tenant, type, medium, reason }, "a message is a dead letter");
    }
    const failed = settlements.filter(({ state }) => state === "PENDING");
    if (failed.length > 0)
      logger.warn(
        { medium: this.medium.name, messages: failed.length, reason: failed[0]?.reason },
        "messages were not taken and are tried again",
      );
  }

  /** The medium is left alone: what has come meanwhile is due when its rest is over. */
  async #postpone({ database, clock }: NotificationsService, taken: readonly PreparedMessage[], until: Instant) {
    const settlements = taken.map(({ message }): Settlement => {
      const dueAt = after(until, Math.random() * BEHIND_MS);
      return { message, state: "PENDING", attempts: message.attempts, dueAt };
    });
    await settleMessages(database, settlements, clock.now());
  }
}

/** What goes now, what goes once that is sent, and what waits for a message that somebody else has, or that has failed. */
interface Order {
  readonly next: PreparedMessage[];
  readonly behind: PreparedMessage[];
  readonly blocked: Settlement[];
}

/**
 * The messages of an order go one by one, in the order of its events.
 *
 * @param waiting the messages of their orders that are not settled, each order's in its order
 */
function inOrder(taken: readonly PreparedMessage[], waiting: readonly WaitingMessage[], now: Instant): Order {
  const first = new Map<string, WaitingMessage>();
  for (const one of waiting) if (!first.has(one.orderId)) first.set(one.orderId, one);
  const going = new Set<string>();
  const order: Order = { next: [], behind: [], blocked: [] };
  for (const prepared of taken.toSorted((a, b) => a.message.version - b.message.version)) {
    const { message } = prepared;
    const { orderId } = message;
    const ahead = first.get(orderId);
    if (going.has(orderId)) order.behind.push(prepared);
    else if (ahead !== undefined && ahead.version < message.version) {
      // One that has not failed is on its way out of another node, which has it for longer than it takes.
      const dueAt = after(ahead.attempts === 0 ? now : ahead.dueAt, BEHIND_MS);
      order.blocked.push({ message, state: "PENDING", attempts: message.attempts, dueAt });
    } else {
      going.add(orderId);
      order.next.push(prepared);
    }
  }
  return order;
}
