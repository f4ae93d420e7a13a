import type { AnySequencedEvent } from "../event-log.ts";

/**
 * What an adapter hands to a subscription: the next events of one partition or of several, in the order of their
 * sequence, with none of a partition left out.
 */
export interface Batch {
  readonly events: readonly AnySequencedEvent[];
  /** Another node may get the next one: the cursors are stored even if none of the events is for this subscription. */
  readonly shared?: boolean;
}

/**
 * What a subscription gives to `@moleculer/channels` as its channel definition, beyond that package's own fields.
 * An adapter hands over one batch at a time of each partition, from `position` on, at least once and with no gap, and
 * hands a batch that was refused again after a pause.
 */
export interface SubscriptionChannel {
  /** The domain whose log is read. */
  readonly name: string;
  /** The consumer group: the subscribing domain. */
  readonly group: string;
  /** The last sequence of a partition that the subscription has dealt with, as its row says. */
  readonly position: (partition: number) => Promise<number>;
  /** The same of all partitions, by their number. */
  readonly positions: () => Promise<number[]>;
  /** Lets the adapter know when the subscription's cursors were set back on this node: events come again. */
  readonly onSetBack: (listener: () => void) => void;
  /** How long events may gather between two batches, in ms; an adapter that brings them as they come need not heed it. */
  readonly lingerMs?: number;
  readonly handler: (batch: Batch) => Promise<void>;
}

/** What the relay announces on its domain's channel. */
export interface Announcement {
  readonly upTo: number;
}

/** What the adapters ask the owner of a log, wherever that runs: `<domain>.log.read` and `<domain>.log.heads`. */
export interface LogReader {
  /** The numbered events after a sequence, in order, of one partition or of all. */
  read(after: number, limit: number, partition?: number): Promise<AnySequencedEvent[]>;
  /** The last sequence of each partition; 0 where there is none. */
  heads(): Promise<number[]>;
}

/** The most events of one batch: enough to make a transaction cheap, few enough to halve quickly. */
export const BATCH_SIZE = 256;
