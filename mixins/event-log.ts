import { hostname } from "node:os";
import { Type } from "@sinclair/typebox";
import type { ServiceSchema } from "moleculer";
import type { Announcement } from "../platform/channels/channel.ts";
import { configOf, type DomainName } from "../platform/config.ts";
import { EventLog, type PartitionPosition } from "../platform/event-log.ts";
import { fitting } from "../platform/fitting.ts";
import { newId, PARTITIONS } from "../platform/ids.ts";
import { Relay } from "../platform/relay.ts";
import { giveWay } from "../platform/rush.ts";
import { Instant } from "../platform/schema.ts";
import { type Ctx, type DomainService, defineSchema } from "../platform/service.ts";

/** So long, in ms, a rush may keep what happened from those who follow it. Larger runs of numbers are cheaper for each. */
const LONGEST_WAIT_MS = 100;

const Sequence = Type.Integer({ minimum: 0 });
const Partition = Type.Integer({ minimum: 0, maximum: PARTITIONS - 1 });

/** What `<domain>.log.read` takes, as `EventLog.read` does. */
interface ReadParams {
  readonly after: number | readonly PartitionPosition[];
  readonly limit: number;
  readonly partition?: number;
}

interface WithRelay extends DomainService {
  relay: Relay;
}

interface ChannelBroker {
  sendToChannel(name: string, payload: Announcement): Promise<void>;
}

/**
 * Gives a service its `log`, runs the relay that numbers and announces it, and lets others read it by
 * `<domain>.log.read` and `<domain>.log.head`.
 *
 * @param options how long events gather before they are numbered, in ms: for a log that is read later and not followed
 */
export function eventLog(domain: DomainName, { lingerMs = 0 }: { readonly lingerMs?: number } = {}): ServiceSchema {
  return defineSchema<WithRelay>({
    name: domain,
    actions: {
      /**
       * The numbered events after a sequence of one partition or of all, or after one of each of some partitions, in order;
       * for another node no more than travel in one message.
       */
      "log.read": {
        visibility: "public",
        idempotent: true,
        params: Type.Object({
          after: Type.Union([Sequence, Type.Array(Type.Object({ partition: Partition, sequence: Sequence }))]),
          limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
          partition: Type.Optional(Partition),
        }),
        async handler(this: DomainService, ctx: Ctx<ReadParams>) {
          const events = await this.log.read(ctx.params.after, ctx.params.limit, ctx.params.partition);
          return ctx.nodeID === this.broker.nodeID ? events : fitting(events);
        },
      },
      /** The last sequence given. */
      "log.head": {
        visibility: "public",
        idempotent: true,
        handler(this: DomainService) {
          return this.log.head();
        },
      },
      /** The last sequence given in each partition. */
      "log.heads": {
        visibility: "public",
        idempotent: true,
        handler(this: DomainService) {
          return this.log.heads();
        },
      },
      /** Whether the node that answers numbers the domain's events; asked of one node after the other. */
      "log.leads": {
        visibility: "public",
        handler(this: WithRelay) {
          return this.relay.leads;
        },
      },
      /** How much lies behind a reader that knows the last sequence of each partition. */
      "log.behind": {
        visibility: "public",
        idempotent: true,
        params: Type.Object({ positions: Type.Array(Type.Integer({ minimum: 0 }), { maxItems: PARTITIONS }) }),
        handler(this: DomainService, ctx: Ctx<{ positions: number[] }>) {
          return this.log.behind(ctx.params.positions);
        },
      },
      /** The sequence of the first event of a time or later; null when there is none. */
      "log.since": {
        visibility: "public",
        idempotent: true,
        params: Type.Object({ at: Instant }),
        async handler(this: DomainService, ctx: Ctx<{ at: string }>) {
          return (await this.log.since(ctx.params.at)) ?? null;
        },
      },
    } as unknown as ServiceSchema["actions"],
    created(this: WithRelay) {
      const { relayLeaseMs, pollMs } = configOf(this.broker);
      const log = new EventLog(domain, this.database);
      const relay = new Relay({
        domain,
        // A new name at every start: a node that comes back is another leader than the one that left.
        owner: `${hostname()}/${process.pid}/${newId()}`,
        database: this.database,
        logger: this.logger as never,
        leaseMs: relayLeaseMs,
        pollMs,
        lingerMs,
        giveWay: (took, signal) => giveWay(this.broker, took, 0, signal, LONGEST_WAIT_MS),
        publish: (upTo) => (this.broker as unknown as ChannelBroker).sendToChannel(domain, { upTo }),
      });
      log.onAppended = () => relay.wake();
      Object.assign(this, { log, relay });
    },
    async started(this: WithRelay) {
      this.relay.start();
    },
    async stopped(this: WithRelay) {
      await this.relay.stop();
    },
  });
}
