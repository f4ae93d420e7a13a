import type { Instant } from "./clock.ts";
import { eventContract } from "./contracts.ts";
import type { LoggedEvent } from "./event-log.ts";

/** An event of an order as everybody outside is shown it: on the live feeds, in its history, in webhooks. */
export interface FeedEvent {
  readonly id: string;
  readonly type: string;
  readonly orderId: string;
  readonly number: string;
  /** Counts the public events of the order, without a gap. */
  readonly version: number;
  readonly at: Instant;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Whether an event is for readers at all; the order process's own notes are not. */
export function isPublic(event: LoggedEvent): boolean {
  return event.meta.feed !== undefined && eventContract(event.type)?.internal !== true;
}

/** A public event as it is shown. */
export function feedEvent({ id, type, stream, meta, version, at, data }: LoggedEvent): FeedEvent {
  return {
    ...{ id, type, orderId: stream, number: meta.feed?.number as string, version: meta.feed?.version ?? version },
    ...{ at, data: data as Record<string, unknown> },
  };
}
