import { setTimeout as sleep } from "node:timers/promises";
import { after as later } from "../clock.ts";
import { inTransaction } from "../database.ts";
import { type DomainService, serviceContext } from "../service.ts";
import { isAway, logFailure, said } from "./failures.ts";
import type { HandlerSet } from "./handler-set.ts";
import { type DueStream, findDue, lockAsFound, nextDueAt, setAttempt, settleEvent } from "./parked-streams.ts";
import { pauseAfter, type RetryPolicy } from "./retry-policy.ts";

/** The longest time without a look, in ms: another node may have parked a stream. */
const LOOK_MS = 1_000;

/** Tries the events again for which streams of a subscription are parked, each when it is due. */
export class ParkedRetries {
  readonly #service: DomainService;
  readonly #name: string;
  readonly #handlers: HandlerSet;
  readonly #policy: RetryPolicy;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #woken = new AbortController();

  /** @param name of the subscription: the channel that it reads */
  constructor(service: DomainService, name: string, handlers: HandlerSet, policy: RetryPolicy) {
    this.#service = service;
    this.#name = name;
    this.#handlers = handlers;
    this.#policy = policy;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#running;
  }

  /** A stream was parked or made due: looks now. */
  wake(): void {
    this.#woken.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // Made before the look: what is parked while it goes on is seen by the next one, at once.
      this.#woken = new AbortController();
      let pause = LOOK_MS;
      try {
        while (!signal.aborted && (await this.#retryOne()));
        const due = await nextDueAt(this.#service.database, this.#name);
        if (due) pause = Math.min(pause, Math.max(5, Date.parse(due) - Date.parse(this.#service.clock.now())));
      } catch (error) {
        if (!signal.aborted) this.#service.logger.warn({ err: error }, "parked streams could not be tried again");
      }
      if (!signal.aborted) await sleep(pause, undefined, { signal: this.#woken.signal }).catch(() => {});
    }
  }

  /**
   * Tries the first event of one parked stream again. Answers whether there was one. What asks other domains comes
   * first and locks nothing; then the stream is locked, if it is still as it was found.
   */
  async #retryOne(): Promise<boolean> {
    const { database, clock } = this.#service;
    const now = clock.now();
    const found = await findDue(database, this.#name, now);
    if (!found) return false;
    const { parked, event } = found;
    const ctx = serviceContext(this.#service);
    try {
      const prepared = await this.#handlers.prepare(ctx, [event]);
      await inTransaction(ctx, async (tx) => {
        if (!(await lockAsFound(tx, found))) return;
        await this.#handlers.handle(tx, ctx, [event], prepared);
        const { more } = await settleEvent(tx, parked.id, event.sequence);
        if (more) await setAttempt(tx, parked.id, { ...parked, attempts: 0, dueAt: now });
      });
    } catch (error) {
      if (isAway(error)) throw error;
      await this.#countFailure(found, error);
    }
    return true;
  }

  async #countFailure(found: DueStream, error: unknown): Promise<void> {
    const attempts = found.parked.attempts + 1;
    const state = attempts < this.#policy.attempts ? "retrying" : "dead";
    const dueAt = later(this.#service.clock.now(), pauseAfter(attempts, this.#policy));
    await inTransaction(serviceContext(this.#service), async (tx) => {
      if (!(await lockAsFound(tx, found))) return;
      await setAttempt(tx, found.parked.id, { state, attempts, error: said(error), dueAt });
      tx.afterCommit(() => logFailure(this.#service.logger, this.#name, found.event, { state, attempts, error }));
    });
  }
}
