import type { EventType } from "../contracts.ts";
import type { Tx } from "../database.ts";
import type { SequencedEvent } from "../event-log.ts";
import type { Ctx } from "../service.ts";

/** What a domain does about the events of one or more types. Events come as sets; one event is a set of one. */
export interface EventHandler<T extends EventType = EventType, P = unknown> {
  readonly types: readonly T[];
  /**
   * Those of the events that there is something to be done about now. The others are passed over like events that nobody
   * handles: without a transaction, and after a restart they may come once more. Without it all are wanted.
   */
  readonly wanted?: (ctx: Ctx, events: readonly SequencedEvent<T>[]) => Promise<readonly SequencedEvent<T>[]>;
  /**
   * Work outside the transaction, calls to other domains mostly. It may run again for the same events, so all that
   * it asks for is idempotent. What it answers goes to `handle`, which then gets all events of the batch at once.
   */
  readonly prepare?: (ctx: Ctx, events: readonly SequencedEvent<T>[]) => Promise<P>;
  /**
   * The effect, in the transaction that moves the cursor: it happens exactly once. Without `prepare` the events of
   * one call have different streams.
   */
  readonly handle: (tx: Tx, events: readonly SequencedEvent<T>[], ctx: Ctx, prepared: P) => Promise<void>;
}

/** A domain's durable reading of one channel. */
export interface Subscription {
  /** The domain whose log is read. */
  readonly channel: string;
  /**
   * How long it lets events gather, in ms, once it has dealt with some: for what no order waits for. The first after a
   * while is dealt with at once. Where nodes share a channel by NATS it says nothing.
   */
  readonly lingerMs?: number;
  // biome-ignore lint/suspicious/noExplicitAny: each handler is checked against its own types where it is made
  readonly handlers: readonly EventHandler<any, any>[];
}

/** Handles events of one type, in the transaction of the cursor: `on("orders.confirmed.v1", async (tx, events) => ...)`. */
export function on<T extends EventType>(
  type: T,
  handle: (tx: Tx, events: readonly SequencedEvent<T>[], ctx: Ctx) => Promise<void>,
): EventHandler<T, void> {
  return { types: [type], handle };
}
