import { Type } from "@sinclair/typebox";
import type { ServiceSchema } from "moleculer";
import type { DomainName } from "../platform/config.ts";
import { statement } from "../platform/database.ts";
import { notFound } from "../platform/errors.ts";
import type { AnySequencedEvent } from "../platform/event-log.ts";
import { once } from "../platform/idempotency.ts";
import { ownTenant } from "../platform/identity/own-tenant.ts";
import { Id } from "../platform/schema.ts";
import { type Ctx, type DomainService, defineSchema, type Identity } from "../platform/service.ts";
import type { Consumer } from "../platform/subscriptions/consumer.ts";
import {
  findDeadLetter,
  listDeadLetters,
  type ParkedStream,
  redriveDeadLetters,
  setAttempt,
  settleEvent,
  takeDeadLetter,
} from "../platform/subscriptions/parked-streams.ts";

/** An event that has failed all its attempts, whole, with what is known of it. */
export interface DeadLetter {
  readonly id: string;
  /** Whose subscription it is. */
  readonly domain: string;
  /** Whose log the event is from. */
  readonly channel: string;
  readonly stream: string;
  readonly error: string;
  readonly attempts: number;
  readonly parkedAt: string;
  readonly event: AnySequencedEvent;
  /** The later events of the stream that wait behind it. */
  readonly waiting: number;
}

/** What an operator decided. */
export interface Settled {
  readonly id: string;
  readonly state: "retrying" | "discarded";
}

/** What redriving all of them has come to. */
export interface Redriven {
  readonly redriven: number;
}

interface WithConsumers extends DomainService {
  readonly consumers: ReadonlyMap<string, Consumer>;
}

const withEvents = statement(
  "dead_letters.events",
  `select distinct on (parked) parked, event, count(*) over (partition by parked)::int as events
   from parked_events where parked = any($1) order by parked, sequence`,
);

/**
 * Lets operators see the dead letters of a domain's subscriptions and decide on them, by `<domain>.deadLetters.*`:
 * those of their tenant, or, under the tenant `*`, those of all.
 */
export function deadLetters(domain: DomainName): ServiceSchema {
  const one = { visibility: "public", scopes: ["admin"], params: Type.Object({ id: Id }) };
  return defineSchema<WithConsumers>({
    name: domain,
    actions: {
      /** The tenant's dead letters, newest first, below an id. */
      "deadLetters.list": {
        ...one,
        params: Type.Object({ before: Type.Optional(Id), limit: Type.Integer({ minimum: 1, maximum: 101 }) }),
        async handler(this: DomainService, ctx: Ctx<{ before?: string; limit: number }>): Promise<DeadLetter[]> {
          const letters = await listDeadLetters(this.database, ownTenant(ctx), ctx.params.before, ctx.params.limit);
          const rows = await this.database
            .of(ownTenant(ctx))
            .query<{ parked: string; event: AnySequencedEvent; events: number }>(withEvents, [
              letters.map((letter) => letter.id),
            ]);
          const found = new Map(rows.map((row) => [row.parked, row]));
          return letters.flatMap((letter) => {
            const row = found.get(letter.id);
            return row ? [shown(domain, letter, row.event, row.events - 1)] : [];
          });
        },
      },
      "deadLetters.get": {
        ...one,
        async handler(this: DomainService, ctx: Ctx<{ id: string }>): Promise<DeadLetter> {
          const found = await findDeadLetter(this.database, ownTenant(ctx), ctx.params.id);
          const [event, ...behind] = found?.events ?? [];
          if (!found || !event) throw notFound();
          return shown(domain, found.letter, event, behind.length);
        },
      },
      /** Gives a dead letter its attempts again, from now on. */
      "deadLetters.redrive": {
        ...one,
        consequential: true,
        audited: { object: "id" },
        handler(this: WithConsumers, ctx: Ctx<{ id: string }>): Promise<Settled> {
          return once(ctx, async (tx) => {
            const { letter } = (await takeDeadLetter(tx, ownTenant(ctx), ctx.params.id)) ?? absent();
            await setAttempt(tx, letter.id, {
              state: "retrying",
              attempts: 0,
              error: letter.error,
              dueAt: this.clock.now(),
            });
            tx.afterCommit(() => this.consumers.get(letter.subscription)?.wake());
            this.logger.info(
              { deadLetter: letter.id, stream: letter.stream, by: actorOf(ctx) },
              "a dead letter is redriven",
            );
            return { id: letter.id, state: "retrying" };
          });
        },
      },
      /** The same for all of the tenant's, or those of one channel; for none, when another domain's are meant. */
      "deadLetters.redriveAll": {
        ...one,
        consequential: true,
        audited: { keeps: ["domain", "channel"] },
        params: Type.Object({ domain: Type.Optional(Type.String()), channel: Type.Optional(Type.String()) }),
        handler(this: WithConsumers, ctx: Ctx<{ domain?: string; channel?: string }>): Promise<Redriven> {
          const { channel } = ctx.params;
          return once(ctx, async (tx) => {
            if ((ctx.params.domain ?? domain) !== domain) return { redriven: 0 };
            const redriven = await redriveDeadLetters(tx, ownTenant(ctx), channel, this.clock.now());
            tx.afterCommit(() => {
              for (const name of new Set(redriven)) this.consumers.get(name)?.wake();
            });
            const by = { tenant: ownTenant(ctx), by: actorOf(ctx) };
            if (redriven.length > 0)
              this.logger.info({ redriven: redriven.length, channel, ...by }, "dead letters are redriven");
            return { redriven: redriven.length };
          });
        },
      },
      /** Gives the event up. The later events of its stream go on without it. */
      "deadLetters.discard": {
        ...one,
        consequential: true,
        audited: { object: "id" },
        handler(this: WithConsumers, ctx: Ctx<{ id: string }>): Promise<Settled> {
          return once(ctx, async (tx) => {
            const { letter, event } = (await takeDeadLetter(tx, ownTenant(ctx), ctx.params.id)) ?? absent();
            const { more } = await settleEvent(tx, letter.id, event.sequence);
            if (more)
              await setAttempt(tx, letter.id, { state: "retrying", attempts: 0, error: "", dueAt: this.clock.now() });
            tx.afterCommit(() => this.consumers.get(letter.subscription)?.wake());
            this.logger.warn({ deadLetter: letter.id, event, by: actorOf(ctx) }, "a dead letter is discarded");
            return { id: letter.id, state: "discarded" };
          });
        },
      },
    } as unknown as ServiceSchema["actions"],
  });
}

function absent(): never {
  throw notFound();
}

function actorOf(ctx: Ctx): string {
  const { client, customer } = ctx.meta.identity as Identity;
  return customer ?? client;
}

function shown(domain: string, letter: ParkedStream, event: AnySequencedEvent, waiting: number): DeadLetter {
  return {
    id: letter.id,
    domain,
    channel: letter.subscription,
    stream: letter.stream,
    error: letter.error,
    attempts: letter.attempts,
    parkedAt: letter.parkedAt,
    event,
    waiting,
  };
}
