import { setTimeout as sleep } from "node:timers/promises";
import type { Batch } from "../channels/channel.ts";
import { after as later } from "../clock.ts";
import { eventContract } from "../contracts.ts";
import { inTransaction, isConnectionLoss, type Tx } from "../database.ts";
import { isUnavailable } from "../errors.ts";
import type { AnySequencedEvent } from "../event-log.ts";
import type { Ctx, DomainService } from "../service.ts";
import { serviceContext } from "../service.ts";
import { fieldErrors } from "../validator.ts";
import {
  advanceCursors,
  cursorPosition,
  nextDueAt,
  parkedAmong,
  parkStream,
  queueEvents,
  type Span,
  setAttempt,
  settleEvent,
  takeDue,
} from "./parked-streams.ts";
import type { EventHandler, Subscription } from "./subscription.ts";

/** How a failing event is tried again. */
export interface RetryPolicy {
  /** Attempts in all, after which the event is a dead letter. */
  readonly attempts: number;
  /** The pause before the second attempt and the longest one, in ms. It doubles, and each is jittered. */
  readonly firstMs: number;
  readonly longestMs: number;
}

export const defaultRetries: RetryPolicy = { attempts: 10, firstMs: 100, longestMs: 60_000 };

/** Where a partition's cursor stands in its row, and how far its events were dealt with. */
interface Cursor {
  readonly stored: number;
  readonly seen: number;
}

/** How far a cursor may move in memory only. */
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
  readonly #subscription: Subscription;
  readonly #name: string;
  readonly #handlers: ReadonlyMap<string, EventHandler>;
  readonly #retries: RetryPolicy;
  readonly #cursors = new Map<number, Cursor>();
  readonly #stopping = new AbortController();
  #retrying: Promise<void> | undefined;
  #parkedHere: () => void = () => {};
  #refusedSince: number | undefined;

  constructor(service: DomainService, subscription: Subscription, retries: RetryPolicy = defaultRetries) {
    this.#service = service;
    this.#subscription = subscription;
    this.#name = subscription.channel;
    this.#retries = retries;
    this.#handlers = new Map(
      subscription.handlers.flatMap((handler) =>
        handler.types.map((type) => [type as string, handler as EventHandler]),
      ),
    );
  }

  /** Starts the attempts at parked streams. */
  start(): void {
    this.#retrying = this.#retryParked();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#parkedHere();
    await this.#retrying;
  }

  /** An operator has made a parked stream due: looks now. */
  wake(): void {
    this.#parkedHere();
  }

  /** For how long batches have been refused, in seconds; 0 when the last one was taken. */
  get refusedSeconds(): number {
    return this.#refusedSince === undefined ? 0 : (Date.now() - this.#refusedSince) / 1_000;
  }

  /** The last sequence of a partition that was dealt with. */
  position(partition: number): Promise<number> {
    return cursorPosition(this.#service.database, this.#name, partition);
  }

  /** Deals with the next events of some partitions. Rejects when nothing more of them could be kept now. */
  async accept({ events }: Batch): Promise<void> {
    const partitions = new Set(events.map((event) => event.partition));
    try {
      for (const partition of partitions) {
        if (this.#cursors.has(partition)) continue;
        const sequence = await this.position(partition);
        this.#cursors.set(partition, { stored: sequence, seen: sequence });
      }
      await this.#acceptSome(events.filter((event) => event.sequence > this.#cursor(event.partition).seen));
      this.#refusedSince = undefined;
    } catch (error) {
      this.#refusedSince ??= Date.now();
      // The rows alone know how far it came.
      for (const partition of partitions) this.#cursors.delete(partition);
      throw error;
    }
  }

  async #acceptSome(events: readonly AnySequencedEvent[]): Promise<void> {
    if (events.length === 0) return;
    const spans = this.#spansOf(events);
    const wanted = events.filter((event) => this.#handlers.has(event.type));
    // Events that nobody handles move a cursor in memory only: they are read again after a restart, and passed again.
    const inMemory = wanted.length === 0 && spans.every(({ from, to }) => to - from < UNSTORED);
    try {
      if (!inMemory) await this.#apply(spans, wanted);
      for (const { partition, from, to } of spans) {
        this.#cursors.set(partition, { stored: inMemory ? from : to, seen: to });
      }
    } catch (error) {
      if (error instanceof Fenced || isAway(error)) throw error;
      if (events.length === 1) {
        await this.#park(spans, events[0] as AnySequencedEvent, error);
        for (const { partition, to } of spans) this.#cursors.set(partition, { stored: to, seen: to });
        return;
      }
      const middle = events.length >> 1;
      await this.#acceptSome(events.slice(0, middle));
      await this.#acceptSome(events.slice(middle));
    }
  }

  #cursor(partition: number): Cursor {
    return this.#cursors.get(partition) as Cursor;
  }

  /** How the stored cursors move over events: those of one partition are in the order of their sequence. */
  #spansOf(events: readonly AnySequencedEvent[]): Span[] {
    const last = new Map(events.map(({ partition, sequence }) => [partition, sequence]));
    return [...last].map(([partition, to]) => ({ partition, from: this.#cursor(partition).stored, to }));
  }

  async #apply(spans: readonly Span[], wanted: readonly AnySequencedEvent[]): Promise<void> {
    const streams = [...new Set(wanted.map((event) => event.stream))];
    const ctx = serviceContext(this.#service);
    const preparing = wanted.some((event) => this.#handlers.get(event.type)?.prepare);
    const known = preparing ? await parkedAmong(this.#service.database, this.#name, streams) : [];
    const prepared = await this.#prepare(
      ctx,
      wanted.filter((event) => !known.includes(event.stream)),
    );
    await inTransaction(ctx, async (tx) => {
      const parked = await this.#advance(tx, spans, streams);
      if (preparing && parked.length !== known.length) throw new Fenced("a stream was parked or let go meanwhile");
      await queueEvents(
        tx,
        this.#name,
        wanted.filter((event) => parked.includes(event.stream)),
      );
      await this.#handle(
        tx,
        ctx,
        wanted.filter((event) => !parked.includes(event.stream)),
        prepared,
      );
    });
  }

  /** Moves the cursors, and answers which of the streams are parked. */
  async #advance(tx: Tx, spans: readonly Span[], streams: readonly string[]): Promise<string[]> {
    const { moved, parked } = await advanceCursors(tx, this.#name, spans, streams);
    if (!moved) throw new Fenced(`a cursor of ${this.#name} is not where it was left`);
    return parked;
  }

  async #prepare(ctx: Ctx, events: readonly AnySequencedEvent[]): Promise<Map<EventHandler, unknown>> {
    const prepared = new Map<EventHandler, unknown>();
    for (const handler of new Set(this.#handlers.values())) {
      if (!handler.prepare) continue;
      const own = events.filter((event) => this.#handlers.get(event.type) === handler);
      if (own.length > 0) prepared.set(handler, await handler.prepare(ctx, own as never));
    }
    return prepared;
  }

  /**
   * Hands the events over as large sets. The first event of every stream is in the first round, the second in the
   * second: within a round any order is right, so its events are grouped by handler. What was prepared for all
   * events of the batch is applied once, at the end.
   */
  async #handle(
    tx: Tx,
    ctx: Ctx,
    events: readonly AnySequencedEvent[],
    prepared: ReadonlyMap<EventHandler, unknown>,
  ): Promise<void> {
    for (const event of events) assertReadable(event);
    const handlerOf = (event: AnySequencedEvent) => this.#handlers.get(event.type) as EventHandler;
    for (const round of rounds(events.filter((event) => !handlerOf(event).prepare))) {
      for (const handler of new Set(round.map(handlerOf))) {
        await handler.handle(tx, round.filter((event) => handlerOf(event) === handler) as never, ctx, undefined);
      }
    }
    for (const [handler, value] of prepared) {
      await handler.handle(tx, events.filter((event) => handlerOf(event) === handler) as never, ctx, value);
    }
  }

  async #park(spans: readonly Span[], event: AnySequencedEvent, error: unknown): Promise<void> {
    const now = this.#service.clock.now();
    const state = this.#retries.attempts > 1 ? "retrying" : "dead";
    await inTransaction(serviceContext(this.#service), async (tx) => {
      const parked = await this.#advance(tx, spans, [event.stream]);
      if (parked.length > 0) await queueEvents(tx, this.#name, [event]);
      else await parkStream(tx, this.#name, event, state, said(error), now, later(now, this.#pause(1)));
    });
    this.#log(event, state, 1, error);
    this.#parkedHere();
  }

  async #retryParked(): Promise<void> {
    const { signal } = this.#stopping;
    const { database, clock } = this.#service;
    while (!signal.aborted) {
      let pause = 1_000;
      try {
        while (!signal.aborted && (await this.#retryOne()));
        const due = await nextDueAt(database, this.#name);
        if (due) pause = Math.min(pause, Math.max(5, Date.parse(due) - Date.parse(clock.now())));
      } catch (error) {
        if (!signal.aborted) this.#service.logger.warn({ err: error }, "parked streams could not be tried again");
      }
      const woken = new AbortController();
      this.#parkedHere = () => woken.abort();
      if (!signal.aborted) await sleep(pause, undefined, { signal: woken.signal }).catch(() => {});
    }
  }

  /** Tries the first event of one parked stream again. Answers whether there was one. */
  async #retryOne(): Promise<boolean> {
    const ctx = serviceContext(this.#service);
    const { clock } = this.#service;
    const now = clock.now();
    let tried: AnySequencedEvent | undefined;
    try {
      return await inTransaction(ctx, async (tx) => {
        const taken = await takeDue(tx, this.#name, now);
        if (!taken) return false;
        tried = taken.event;
        await this.#handle(tx, ctx, [taken.event], await this.#prepare(ctx, [taken.event]));
        const { more } = await settleEvent(tx, taken.parked.id, taken.event.sequence);
        if (more) await setAttempt(tx, taken.parked.id, { ...taken.parked, attempts: 0, dueAt: now });
        return true;
      });
    } catch (error) {
      const event = tried;
      if (!event || isAway(error)) throw error;
      await inTransaction(ctx, async (tx) => {
        const taken = await takeDue(tx, this.#name, now);
        if (taken?.event.id !== event.id) return;
        const attempts = taken.parked.attempts + 1;
        const state = attempts < this.#retries.attempts ? "retrying" : "dead";
        const dueAt = later(clock.now(), this.#pause(attempts));
        await setAttempt(tx, taken.parked.id, { state, attempts, error: said(error), dueAt });
        this.#log(event, state, attempts, error);
      });
      return true;
    }
  }

  #pause(attempts: number): number {
    const { firstMs, longestMs } = this.#retries;
    return Math.min(longestMs, firstMs * 2 ** (attempts - 1)) * (0.5 + Math.random() / 2);
  }

  #log(event: AnySequencedEvent, state: "retrying" | "dead", attempts: number, error: unknown): void {
    const fields = {
      err: error,
      channel: this.#subscription.channel,
      type: event.type,
      stream: event.stream,
      tenant: event.tenant,
      sequence: event.sequence,
      attempts,
    };
    if (state === "dead") this.#service.logger.error(fields, "an event is a dead letter");
    else this.#service.logger.warn(fields, "an event has failed, its stream is parked");
  }
}

/** Whether an error says that a part of the platform is away: the event is not at fault and is not counted against. */
function isAway(error: unknown): boolean {
  return isConnectionLoss(error) || isUnavailable(error);
}

/** What is kept of an error: it may be shown to an operator. */
function said(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 2_000);
}

function assertReadable(event: AnySequencedEvent): void {
  const contract = eventContract(event.type);
  if (!contract) throw new Error(`${event.type} is not in the contract of its domain`);
  const errors = fieldErrors(contract.data, event.data);
  if (errors.length > 0) throw new Error(`${event.type} is not as its contract says: ${JSON.stringify(errors)}`);
}

function rounds(events: readonly AnySequencedEvent[]): AnySequencedEvent[][] {
  const result: AnySequencedEvent[][] = [];
  const seen = new Map<string, number>();
  for (const event of events) {
    const round = seen.get(event.stream) ?? 0;
    seen.set(event.stream, round + 1);
    if (round === result.length) result.push([]);
    result[round]?.push(event);
  }
  return result;
}
