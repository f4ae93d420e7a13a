import type { Batch } from "../channels/channel.ts";
import { after as later } from "../clock.ts";
import { inTransaction, type Tx } from "../database.ts";
import type { AnySequencedEvent } from "../event-log.ts";
import { type DomainService, serviceContext } from "../service.ts";
import { advanceCursors, type Cursor, cursorOf, cursorsOf, type Span } from "./cursors.ts";
import { isAway, logFailure, said } from "./failures.ts";
import { HandlerSet } from "./handler-set.ts";
import { ParkedRetries } from "./parked-retries.ts";
import { hasToWait, parkedAmong, parkInFront, parkStream, queueEvents, type Waiting } from "./parked-streams.ts";
import { defaultRetries, pauseAfter, type RetryPolicy } from "./retry-policy.ts";
import type { Subscription } from "./subscription.ts";

/** Where a partition's cursor stands in its row, and how far its events were dealt with. */
interface KnownCursor extends Cursor {
  readonly seen: number;
}

/** How far a cursor may move in memory only, where this node alone reads the channel. */
const UNSTORED = 1_000;

/** The cursor was moved by another owner of the partition: nothing of the batch was done here. */
export class Fenced extends Error {
  override name = "Fenced";
}

/**
 * Applies a channel's batches: the cursor, the effect and what was parked in one transaction, so that every event
 * has its effect once, whatever is delivered twice. A batch that fails is halved until one event stands alone; that
 * event's stream is parked and the partition goes on.
 */
export class Consumer {
  readonly #service: DomainService;
  readonly #name: string;
  readonly #handlers: HandlerSet;
  readonly #policy: RetryPolicy;
  readonly #retries: ParkedRetries;
  readonly #cursors = new Map<number, KnownCursor>();
  #refusedSince: number | undefined;
  #onSetBack: () => void = () => {};

  constructor(service: DomainService, subscription: Subscription, policy: RetryPolicy = defaultRetries) {
    this.#service = service;
    this.#name = subscription.channel;
    this.#handlers = new HandlerSet(subscription.handlers);
    this.#policy = policy;
    this.#retries = new ParkedRetries(service, this.#name, this.#handlers, policy);
  }

  /** Starts the attempts at parked streams. */
  start(): void {
    this.#retries.start();
  }

  async stop(): Promise<void> {
    await this.#retries.stop();
  }

  /** An operator has made a parked stream due: looks now. */
  wake(): void {
    this.#retries.wake();
  }

  /** For how long batches have been refused, in seconds; 0 when the last one was taken. */
  get refusedSeconds(): number {
    return this.#refusedSince === undefined ? 0 : (Date.now() - this.#refusedSince) / 1_000;
  }

  /** The last sequence of a partition that was dealt with, as its row says; other nodes may have moved it. */
  async position(partition: number): Promise<number> {
    const cursor = await cursorOf(this.#service.database, this.#name, partition);
    this.#cursors.set(partition, { ...cursor, seen: cursor.sequence });
    return cursor.sequence;
  }

  /** The same of all partitions, by their number; 0 where nothing was dealt with. */
  async positions(): Promise<number[]> {
    return (await cursorsOf(this.#service.database, this.#name)).map(({ sequence }) => sequence);
  }

  /** The cursors of all partitions, and how far this node has come beyond them over events that nobody handles here. */
  async standing(): Promise<(Cursor & { readonly seen: number })[]> {
    const cursors = await cursorsOf(this.#service.database, this.#name);
    return cursors.map((cursor, partition) => {
      const known = this.#cursors.get(partition);
      // What was seen before the cursor was set back says nothing any more.
      const seen = known?.generation === cursor.generation ? known.seen : 0;
      return { ...cursor, seen: Math.max(cursor.sequence, seen) };
    });
  }

  /** Lets the adapter know when cursors were set back here. Those of other nodes find out by being refused. */
  onSetBack(listener: () => void): void {
    this.#onSetBack = listener;
  }

  /**
   * The cursors were set back: events come again. What is known of them here is not forgotten, because a batch that
   * is on its way follows what it says, and has to be refused.
   */
  wasSetBack(): void {
    this.#onSetBack();
  }

  /** Deals with the next events of some partitions. Rejects when nothing more of them could be kept now. */
  async accept({ events, shared = false }: Batch): Promise<void> {
    const partitions = new Set(events.map((event) => event.partition));
    try {
      for (const partition of partitions) if (!this.#cursors.has(partition)) await this.position(partition);
      await this.#noticeSetBack(events);
      const left = events.filter((event) => event.sequence > this.#cursor(event).seen);
      await this.#acceptSome(left, shared ? 0 : UNSTORED);
      this.#refusedSince = undefined;
    } catch (error) {
      this.#refusedSince ??= Date.now();
      // The rows alone know how far it came.
      for (const partition of partitions) this.#cursors.delete(partition);
      throw error;
    }
  }

  /**
   * Events that were seen before come again by a second delivery, or because another node has set the cursor back. Then
   * the batch does not begin where the cursor stands now, and whoever brings it has to ask.
   */
  async #noticeSetBack(events: readonly AnySequencedEvent[]): Promise<void> {
    const again = events.filter((event) => event.sequence <= this.#cursor(event).seen);
    for (const partition of new Set(again.map((event) => event.partition))) {
      const cursor = await cursorOf(this.#service.database, this.#name, partition);
      if (cursor.generation === this.#cursors.get(partition)?.generation) continue;
      throw new Fenced(`a cursor of ${this.#name} was set back`);
    }
  }

  /** @param unstored how far a cursor may move in memory only */
  async #acceptSome(events: readonly AnySequencedEvent[], unstored: number): Promise<void> {
    if (events.length === 0) return;
    const spans = this.#spansOf(events);
    const handled = events.filter((event) => this.#handlers.has(event) && !isPassedOver(event, this.#cursor(event)));
    try {
      const wanted = await this.#handlers.wanted(serviceContext(this.#service), handled);
      // Events that nobody wants move a cursor in memory only: they are read again after a restart, and passed again.
      const inMemory = wanted.length === 0 && spans.every(({ from, to }) => to - from < unstored);
      if (!inMemory) await this.#apply(spans, wanted);
      this.#moveKnown(spans, inMemory);
    } catch (error) {
      if (error instanceof Fenced || isAway(error)) throw error;
      // Nobody handles it: what failed is the cursor's move, and there is nothing to be tried again later.
      if (events.length === 1 && handled.length === 0) throw error;
      if (events.length === 1) {
        await this.#park(spans, events[0] as AnySequencedEvent, error);
        this.#moveKnown(spans, false);
        return;
      }
      const middle = events.length >> 1;
      await this.#acceptSome(events.slice(0, middle), unstored);
      await this.#acceptSome(events.slice(middle), unstored);
    }
  }

  #cursor({ partition }: AnySequencedEvent): KnownCursor {
    const known = this.#cursors.get(partition);
    if (!known) throw new Fenced(`a cursor of ${this.#name} was moved by another batch`);
    return known;
  }

  #moveKnown(spans: readonly Span[], inMemory: boolean): void {
    for (const { partition, from, to } of spans) {
      const known = this.#cursors.get(partition);
      // Another batch of the partition may have been refused meanwhile, and what was known been forgotten.
      if (known) this.#cursors.set(partition, { ...known, sequence: inMemory ? from : to, seen: to });
    }
  }

  /** How the stored cursors move over events: those of one partition are in the order of their sequence. */
  #spansOf(events: readonly AnySequencedEvent[]): Span[] {
    const last = new Map(events.map((event) => [event.partition, event]));
    return [...last].map(([partition, event]) => {
      const { sequence: from, generation } = this.#cursor(event);
      return { partition, from, to: event.sequence, generation };
    });
  }

  async #apply(spans: readonly Span[], wanted: readonly AnySequencedEvent[]): Promise<void> {
    const streams = [...new Set(wanted.map((event) => event.stream))];
    const ctx = serviceContext(this.#service);
    const preparing = this.#handlers.prepares(wanted);
    const known: Waiting = preparing ? await parkedAmong(this.#service.database, this.#name, streams) : new Map();
    const prepared = await this.#handlers.prepare(
      ctx,
      wanted.filter((event) => !hasToWait(event, known)),
    );
    await inTransaction(ctx, async (tx) => {
      const parked = await this.#advance(tx, spans, streams);
      if (preparing && !areEqual(parked, known)) throw new Fenced("a stream was parked or let go meanwhile");
      await queueEvents(
        tx,
        this.#name,
        wanted.filter((event) => hasToWait(event, parked)),
      );
      await this.#handlers.handle(
        tx,
        ctx,
        wanted.filter((event) => !hasToWait(event, parked)),
        prepared,
      );
    });
  }

  /** Moves the cursors, and answers which of the streams are parked. */
  async #advance(tx: Tx, spans: readonly Span[], streams: readonly string[]): Promise<Waiting> {
    const { moved, parked } = await advanceCursors(tx, this.#name, spans, streams);
    if (!moved) throw new Fenced(`a cursor of ${this.#name} is not where it was left`);
    return parked;
  }

  async #park(spans: readonly Span[], event: AnySequencedEvent, error: unknown): Promise<void> {
    const now = this.#service.clock.now();
    const state = this.#policy.attempts > 1 ? "retrying" : "dead";
    const dueAt = later(now, pauseAfter(1, this.#policy));
    await inTransaction(serviceContext(this.#service), async (tx) => {
      const parked = await this.#advance(tx, spans, [event.stream]);
      if (!parked.has(event.stream)) await parkStream(tx, this.#name, event, state, said(error), now, dueAt);
      else if (hasToWait(event, parked)) await queueEvents(tx, this.#name, [event]);
      else await parkInFront(tx, this.#name, event, said(error), dueAt);
    });
    logFailure(this.#service.logger, this.#name, event, { state, attempts: 1, error });
    this.#retries.wake();
  }
}

/** Whether a replay that an event comes again by is not for its tenant. */
function isPassedOver({ sequence, tenant }: AnySequencedEvent, { replayedUntil, replayedFor }: Cursor): boolean {
  return sequence <= replayedUntil && !replayedFor.includes("*") && !replayedFor.includes(tenant);
}

function areEqual(one: Waiting, other: Waiting): boolean {
  return one.size === other.size && [...one].every(([stream, first]) => other.get(stream) === first);
}
