import type { Instant } from "../../platform/clock.ts";
import type { RecordedMessage } from "./message.ts";

/** So many wait in memory at most, which bounds it while the medium is away. */
const MOST = 10_000;

/**
 * The messages that this node has recorded as its own and has not handed over. It does not look for them, and nothing
 * is lost with them: once their time is over they are found by their rows.
 */
export class Unsent {
  #messages: { readonly message: RecordedMessage; readonly until: Instant }[] = [];
  #closed = false;

  /** Whether this node takes more in hand. */
  get isFull(): boolean {
    return this.#closed || this.#messages.length >= MOST;
  }

  add(messages: readonly RecordedMessage[], until: Instant): void {
    for (const message of messages) this.#messages.push({ message, until });
  }

  /** Takes the oldest out, at most so many. Those whose time is over may be in another node's hands. */
  take(now: Instant, limit: number): RecordedMessage[] {
    const taken = this.#messages.splice(0, limit);
    return taken.filter(({ until }) => until > now).map(({ message }) => message);
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** Nothing more is taken in hand: the node stops. */
  close(): void {
    this.#closed = true;
  }
}
