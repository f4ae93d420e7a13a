import type { AnySequencedEvent } from "../event-log.ts";

/**
 * What an adapter hands to a subscription: the next events of one partition or of several, in the order of their
 * sequence, with none of a partition left out.
 */
export interface Batch {
  readonly events: readonly AnySequencedEvent[];
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
  /** The last sequence of a partition that the subscription has dealt with. */
  readonly position: (partition: number) => Promise<number>;
  readonly handler: (batch: Batch) => Promise<void>;
}

/** What the relay announces on its domain's channel. */
export interface Announcement {
  readonly upTo: number;
}

/** The most events of one batch: enough to make a transaction cheap, few enough to halve quickly. */
export const BATCH_SIZE = 256;
