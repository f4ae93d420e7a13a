import type { Instant } from "../../platform/clock.ts";
import type { RecordedMessage } from "./message.ts";

/** So many wait in memory at most, which bounds it while a medium is away. */
const MOST = 10_000;

/** A message that this node is at work on until a time; after it another one may be. */
export interface InHand {
  readonly message: RecordedMessage;
  readonly until: Instant;
}

/**
 * The messages that this node has in hand and has not handed over, at one step of their way. Nothing is lost with them:
 * once their time is over they are found by their rows.
 */
export class Unsent<T extends InHand> {
  #messages: T[] = [];
  #closed = false;

  /** Whether this node takes more in hand. */
  get isFull(): boolean {
    return this.#closed || this.#messages.length >= MOST;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** What is too much is left to its row. */
  add(messages: readonly T[]): void {
    for (const message of messages) if (!this.isFull) this.#messages.push(message);
  }

  /** Puts back what was taken, before all others. */
  putBack(messages: readonly T[]): void {
    if (!this.#closed) this.#messages.unshift(...messages);
  }

  /** Takes the oldest out, at most so many, but for those whose time is over by then: others may be at work on them. */
  take(then: Instant, limit: number): T[] {
    return this.#messages.splice(0, limit).filter(({ until }) => until > then);
  }

  /** Nothing more is taken in hand: the node stops. Answers what there is. */
  close(): T[] {
    this.#closed = true;
    return this.#messages.splice(0);
  }
}
