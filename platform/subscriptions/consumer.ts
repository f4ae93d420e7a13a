import { setTimeout as sleep } from "node:timers/promises";
import type { Batch } from "../channels/channel.ts";
import { after as later } from "../clock.ts";
import { eventContract } from "../contracts.ts";
import { Clash, inTransaction, isConnectionLoss, type Tx } from "../database.ts";
import { Problem } from "../errors.ts";
import type { AnySequencedEvent } from "../event-log.ts";
import type { Ctx, DomainService } from "../service.ts";
import { serviceContext } from "../service.ts";
import { fieldErrors } from "../validator.ts";
import {
  advanceCursor,
  cursorPosition,
  nextDueAt,
  parkedAmong,
  parkStream,
  queueEvents,
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
  readonly #positions = new Map<number, number>();
  readonly #stopping = new AbortController();
  #retrying: Promise<void> | undefined;
  #parkedHere: () => void = () => {};

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

  /** The last sequence of a partition that was dealt with. */
  position(partition: number): Promise<number> {
    return cursorPosition(this.#service.database, this.#name, partition);
  }

  /** Deals with the next events of a partition. Rejects only when nothing at all could be kept. */
  async accept(batch: Batch): Promise<void> {
    const from = this.#positions.get(batch.partition) ?? (await this.position(batch.partition));
    // Forgotten while at work: after a failure the row alone knows.
    this.#positions.delete(batch.partition);
    const events = batch.events.filter((event) => event.sequence > from);
    await this.#acceptFrom(batch.partition, from, events);
    this.#positions.set(batch.partition, events.at(-1)?.sequence ?? from);
  }

  async #acceptFrom(partition: number, from: number, events: readonly AnySequencedEvent[]): Promise<void> {
    if (events.length === 0) return;
    try {
      await this.#apply(partition, from, events);
    } catch (error) {
      if (error instanceof Fenced || isAway(error)) throw error;
      if (events.length === 1) {
        await this.#park(partition, from, events[0] as AnySequencedEvent, error);
        return;
      }
      const middle = events.length >> 1;
      await this.#acceptFrom(partition, from, events.slice(0, middle));
      await this.#acceptFrom(partition, (events[middle - 1] as AnySequencedEvent).sequence, events.slice(middle));
    }
  }

  async #apply(partition: number, from: number, events: readonly AnySequencedEvent[]): Promise<void> {
    const wanted = events.filter((event) => this.#handlers.has(event.type));
    const streams = [...new Set(wanted.map((event) => event.stream))];
    const ctx = serviceContext(this.#service);
    const to = (events.at(-1) as AnySequencedEvent).sequence;
    const preparing = [...this.#handlers.values()].some((handler) => handler.prepare);
    const known = preparing && streams.length > 0 ? await parkedAmong(this.#service.database, this.#name, streams) : [];
    const prepared = await this.#prepare(
      ctx,
      wanted.filter((event) => !known.includes(event.stream)),
    );
    await inTransaction(ctx, async (tx) => {
      const cursor = { subscription: this.#name, partition, from, to };
      const { moved, parked } = await advanceCursor(tx, cursor, streams);
      if (!moved) throw new Fenced(`${this.#name}/${partition} is not at ${from} any more`);
      if (preparing && parked.length !== known.length) throw new Clash("a stream was parked or let go meanwhile");
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

  async #park(partition: number, from: number, event: AnySequencedEvent, error: unknown): Promise<void> {
    const { clock } = this.#service;
    const ctx = serviceContext(this.#service);
    const now = clock.now();
    const state = this.#retries.attempts > 1 ? "retrying" : "dead";
    await inTransaction(ctx, async (tx) => {
      const cursor = { subscription: this.#name, partition, from, to: event.sequence };
      const { moved, parked } = await advanceCursor(tx, cursor, [event.stream]);
      if (!moved) throw new Fenced(`${this.#name}/${partition} is not at ${from} any more`);
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
  return isConnectionLoss(error) || (error instanceof Problem && error.status === 503);
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
