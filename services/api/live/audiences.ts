import type { AnySequencedEvent } from "../../../platform/event-log.ts";
import type { FeedFilter } from "./feed.ts";

/** A piece ends once it is so long, in bytes: between two of them it is looked at whether the reader keeps up. */
const LONG = 32 * 1_024;

/** What a feed shows, in a name: feeds of one name show the same events. */
export function audienceOf({ tenant, customer = "", order = "" }: FeedFilter): string {
  // A customer's id is what a shop says it is. Neither a tenant nor an order has a slash in it.
  return `${tenant}/${customer}/${order}`;
}

/** Whom events are for, each audience with its events in order. */
export function audiencesOf(events: readonly AnySequencedEvent[]): Map<string, AnySequencedEvent[]> {
  const audiences = new Map<string, AnySequencedEvent[]>();
  for (const event of events) {
    const { tenant, stream: order, meta } = event;
    const customer = meta.feed?.customer;
    const filters: FeedFilter[] = [{ tenant }, { tenant, order }];
    if (customer !== undefined) filters.push({ tenant, customer }, { tenant, customer, order });
    for (const filter of filters) {
      const audience = audienceOf(filter);
      const shown = audiences.get(audience);
      if (shown) shown.push(event);
      else audiences.set(audience, [event]);
    }
  }
  return audiences;
}

/** Events that are sent in one write. */
export interface Piece {
  readonly events: readonly AnySequencedEvent[];
  readonly bytes: Buffer;
  /** The sequences of the first and of the last of them. */
  readonly first: number;
  readonly last: number;
}

/** Puts events together to pieces. A long one stands alone. */
export function piecesOf(events: readonly AnySequencedEvent[], bytesOf: (event: AnySequencedEvent) => Buffer): Piece[] {
  const pieces: Piece[] = [];
  for (let from = 0; from < events.length; ) {
    const chunks: Buffer[] = [];
    let length = 0;
    for (let next = from; next < events.length && length < LONG; next++) {
      const chunk = bytesOf(events[next] as AnySequencedEvent);
      if (length > 0 && length + chunk.length > LONG) break;
      chunks.push(chunk);
      length += chunk.length;
    }
    const those = events.slice(from, from + chunks.length);
    const [first, last] = [those[0], those.at(-1)] as [AnySequencedEvent, AnySequencedEvent];
    pieces.push({ events: those, bytes: Buffer.concat(chunks), first: first.sequence, last: last.sequence });
    from += chunks.length;
  }
  return pieces;
}
