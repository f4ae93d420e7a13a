import { eventContract } from "../contracts.ts";
import type { Tx } from "../database.ts";
import type { AnySequencedEvent } from "../event-log.ts";
import type { Ctx } from "../service.ts";
import { fieldErrors, tolerantOf } from "../validator.ts";
import type { EventHandler } from "./subscription.ts";

/** What the handlers of some events have prepared outside of the transaction. */
export type Prepared = ReadonlyMap<EventHandler, unknown>;

/** The handlers of a subscription, by the types of events that they are for. */
export class HandlerSet {
  readonly #byType: ReadonlyMap<string, EventHandler>;

  constructor(handlers: readonly EventHandler[]) {
    this.#byType = new Map(
      handlers.flatMap((handler) => handler.types.map((type): [string, EventHandler] => [type, handler])),
    );
  }

  /** Whether anything is to be done about an event. */
  has({ type }: AnySequencedEvent): boolean {
    return this.#byType.has(type);
  }

  /** Those of some events that there is something to be done about now, in their order. */
  async wanted(ctx: Ctx, events: readonly AnySequencedEvent[]): Promise<readonly AnySequencedEvent[]> {
    let wanted = events;
    for (const handler of new Set(events.map((event) => this.#of(event)))) {
      if (!handler.wanted) continue;
      const own = events.filter((event) => this.#of(event) === handler);
      const kept = new Set<unknown>(await handler.wanted(ctx, own as never));
      wanted = wanted.filter((event) => this.#of(event) !== handler || kept.has(event));
    }
    return wanted;
  }

  /** Whether something of these events is prepared before the transaction. */
  prepares(events: readonly AnySequencedEvent[]): boolean {
    return events.some((event) => this.#of(event).prepare);
  }

  /** The work outside of the transaction; it may run again for the same events. */
  async prepare(ctx: Ctx, events: readonly AnySequencedEvent[]): Promise<Prepared> {
    const prepared = new Map<EventHandler, unknown>();
    for (const handler of new Set(this.#byType.values())) {
      if (!handler.prepare) continue;
      const own = events.filter((event) => this.#of(event) === handler);
      if (own.length > 0) prepared.set(handler, await handler.prepare(ctx, own as never));
    }
    return prepared;
  }

  /**
   * Hands the events over as large sets. The first event of every stream is in the first round, the second in the
   * second: within a round any order is right, so its events are grouped by handler. What was prepared for all
   * events of the batch is applied once, at the end.
   */
  async handle(tx: Tx, ctx: Ctx, events: readonly AnySequencedEvent[], prepared: Prepared): Promise<void> {
    for (const event of events) assertReadable(event);
    for (const round of rounds(events.filter((event) => !this.#of(event).prepare))) {
      for (const handler of new Set(round.map((event) => this.#of(event)))) {
        await handler.handle(tx, round.filter((event) => this.#of(event) === handler) as never, ctx, undefined);
      }
    }
    for (const [handler, value] of prepared) {
      await handler.handle(tx, events.filter((event) => this.#of(event) === handler) as never, ctx, value);
    }
  }

  #of({ type }: AnySequencedEvent): EventHandler {
    return this.#byType.get(type) as EventHandler;
  }
}

function assertReadable(event: AnySequencedEvent): void {
  const contract = eventContract(event.type);
  if (!contract) throw new Error(`${event.type} is not in the contract of its domain`);
  const errors = fieldErrors(tolerantOf(contract.data), event.data);
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
