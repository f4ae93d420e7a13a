import { type Static, Type } from "@sinclair/typebox";
import type { ServiceSchema } from "moleculer";
import type { Batch, SubscriptionChannel } from "../platform/channels/channel.ts";
import type { DomainName } from "../platform/config.ts";
import { conflict, notFound, validationFailed } from "../platform/errors.ts";
import { kept, once } from "../platform/idempotency.ts";
import { ownTenant } from "../platform/identity/own-tenant.ts";
import { Instant } from "../platform/schema.ts";
import { type Ctx, type DomainService, defineSchema, type Identity } from "../platform/service.ts";
import { Consumer } from "../platform/subscriptions/consumer.ts";
import { setCursorsBack } from "../platform/subscriptions/cursors.ts";
import { parkedCounts } from "../platform/subscriptions/parked-streams.ts";
import { defaultRetries, type RetryPolicy } from "../platform/subscriptions/retry-policy.ts";
import type { Subscription } from "../platform/subscriptions/subscription.ts";

interface WithConsumers extends DomainService {
  schema: DomainService["schema"] & { channels: Record<string, object> };
  consumers: Map<string, Consumer>;
}

/** How far a domain's subscription has come. */
export interface SubscriptionState {
  readonly domain: string;
  readonly channel: string;
  /** The last sequence that was dealt with in each partition. */
  readonly positions: readonly number[];
  /** What of the channel's log lies behind it; absent when the log's owner does not answer. */
  readonly behind?: { readonly events: number; readonly seconds: number };
  /** The tenant's streams that wait because an event of theirs has failed. */
  readonly parked: { readonly retrying: number; readonly dead: number };
  /** Until its cursors have come to this sequence again, it deals with the events of a replay. */
  readonly replayingUntil?: number;
}

/** What a replay has set back. */
export interface Replayed {
  readonly domain: string;
  readonly channel: string;
  /** The events after this sequence come again. */
  readonly from: number;
  /** How many partitions had come further than that. */
  readonly partitions: number;
}

const Replay = Type.Object({
  channel: Type.String(),
  from: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  at: Type.Optional(Instant),
});
type Replay = Static<typeof Replay>;

/**
 * Reads other domains' channels, one subscription a channel, each with its cursors in this domain's own schema. By
 * `<domain>.subscriptions.list` and `<domain>.subscriptions.replay` operators see how far they have come, and have
 * events dealt with again.
 */
export function subscriptions(
  domain: DomainName,
  list: readonly Subscription[],
  retries: RetryPolicy = defaultRetries,
): ServiceSchema {
  return defineSchema<WithConsumers>({
    name: domain,
    channels: Object.fromEntries(list.map((one) => [one.channel, channelOf(domain, one)])),
    actions: {
      "subscriptions.list": {
        visibility: "public",
        scopes: ["admin"],
        params: Type.Object({}),
        async handler(this: WithConsumers, ctx: Ctx): Promise<SubscriptionState[]> {
          const parked = await parkedCounts(this.database, ownTenant(ctx));
          return Promise.all(
            [...this.consumers].map(async ([channel, consumer]) => {
              const state = await stateOf(ctx, domain, channel, consumer);
              return { ...state, parked: parked.get(channel) ?? { retrying: 0, dead: 0 } };
            }),
          );
        },
      },
      /**
       * Has the events of the caller's tenant (`*`: of all) dealt with again by one subscription: those after the
       * sequence `from`, or those from the time `at` on. A cursor is only ever set back: CONFLICT when none has come
       * so far.
       */
      "subscriptions.replay": {
        visibility: "public",
        scopes: ["admin"],
        consequential: true,
        audited: { object: "channel", keeps: ["from", "at"] },
        params: Replay,
        handler(this: WithConsumers, ctx: Ctx<Replay>): Promise<Replayed> {
          return replay(this, ctx, domain);
        },
      },
    } as unknown as ServiceSchema["actions"],
    created(this: WithConsumers) {
      this.consumers = new Map(list.map((one) => [one.channel, new Consumer(this, one, retries)]));
      // The middleware copies the definitions, so that these have no `this`: each service has its own.
      for (const { channel } of list) {
        const definition = this.schema.channels[channel] as {
          -readonly [K in keyof SubscriptionChannel]: SubscriptionChannel[K];
        };
        const consumer = this.consumers.get(channel) as Consumer;
        definition.position = (partition) => consumer.position(partition);
        definition.positions = () => consumer.positions();
        definition.onSetBack = (listener) => consumer.onSetBack(listener);
      }
    },
    async started(this: WithConsumers) {
      for (const consumer of this.consumers.values()) consumer.start();
    },
    async stopped(this: WithConsumers) {
      await Promise.all([...this.consumers.values()].map((consumer) => consumer.stop()));
    },
  });
}

function channelOf(domain: DomainName, { channel, lingerMs }: Subscription): object {
  return {
    group: domain,
    lingerMs,
    async handler(this: WithConsumers, batch: Batch) {
      await (this.consumers.get(channel) as Consumer).accept(batch);
    },
  };
}

async function stateOf(
  ctx: Ctx,
  domain: string,
  channel: string,
  consumer: Consumer,
): Promise<Omit<SubscriptionState, "parked">> {
  const cursors = await consumer.standing();
  const positions = cursors.map(({ seen }) => seen);
  // An owner that is away says nothing of the subscription itself.
  const behind = await ctx
    .call<SubscriptionState["behind"], object>(`${channel}.log.behind`, { positions })
    .catch(() => undefined);
  const replaying = cursors.filter(({ seen, replayedUntil }) => seen < replayedUntil);
  return {
    domain,
    channel,
    positions,
    ...(behind && { behind }),
    ...(replaying.length > 0 && {
      replayingUntil: Math.max(...replaying.map(({ replayedUntil }) => replayedUntil)),
    }),
  };
}

async function replay(service: WithConsumers, ctx: Ctx<Replay>, domain: string): Promise<Replayed> {
  const { channel, from: sequence, at } = ctx.params;
  const consumer = service.consumers.get(channel);
  if (!consumer) throw notFound();
  if ((sequence === undefined) === (at === undefined)) {
    throw validationFailed({ errors: [{ path: "/from", message: "must be there, or else at" }] });
  }
  const before = await kept<Replayed>(ctx);
  if (before) return before;
  const from = sequence ?? (await placeBefore(ctx, channel, at as string));
  return once(ctx, async (tx) => {
    const { tenant, client, customer } = ctx.meta.identity as Identity;
    const partitions = await setCursorsBack(tx, channel, tenant, from);
    if (partitions === 0) {
      throw conflict({ detail: `Nothing behind ${from} was dealt with yet. A replay goes back, never forward.` });
    }
    tx.afterCommit(() => {
      consumer.wasSetBack();
      service.logger.warn({ channel, from, at, tenant, by: customer ?? client }, "a subscription is replayed");
    });
    return { domain, channel, from, partitions };
  });
}

/** The sequence before the first event of a time or later. Throws CONFLICT when there is none. */
async function placeBefore(ctx: Ctx, channel: string, at: string): Promise<number> {
  const first = await ctx.call<number | null, object>(`${channel}.log.since`, { at });
  if (first === null) throw conflict({ detail: `Nothing has happened since ${at}.` });
  return first - 1;
}
