import { hostname } from "node:os";
import { Type } from "@sinclair/typebox";
import type { ServiceSchema } from "moleculer";
import type { Announcement } from "../platform/channels/channel.ts";
import { configOf, type DomainName } from "../platform/config.ts";
import { EventLog } from "../platform/event-log.ts";
import { newId } from "../platform/ids.ts";
import { Relay } from "../platform/relay.ts";
import { type Ctx, type DomainService, defineSchema } from "../platform/service.ts";

interface WithRelay extends DomainService {
  relay: Relay;
}

interface ChannelBroker {
  sendToChannel(name: string, payload: Announcement): Promise<void>;
}

/**
 * Gives a service its `log`, runs the relay that numbers and announces it, and lets others read it by
 * `<domain>.log.read` and `<domain>.log.head`.
 */
export function eventLog(domain: DomainName): ServiceSchema {
  return defineSchema<WithRelay>({
    name: domain,
    actions: {
      /** The numbered events after a sequence, in order. */
      "log.read": {
        visibility: "protected",
        params: Type.Object({
          after: Type.Integer({ minimum: 0 }),
          limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
          partition: Type.Optional(Type.Integer({ minimum: 0 })),
        }),
        handler(this: DomainService, ctx: Ctx<{ after: number; limit: number; partition?: number }>) {
          return this.log.read(ctx.params.after, ctx.params.limit, ctx.params.partition);
        },
      },
      /** The last sequence given. */
      "log.head": {
        visibility: "protected",
        handler(this: DomainService) {
          return this.log.head();
        },
      },
    } as unknown as ServiceSchema["actions"],
    created(this: WithRelay) {
      const { relayLeaseMs, pollMs } = configOf(this.broker);
      const log = new EventLog(domain, this.database);
      const relay = new Relay({
        // A new name at every start: a node that comes back is another leader than the one that left.
        owner: `${hostname()}/${process.pid}/${newId()}`,
        database: this.database,
        logger: this.logger as never,
        leaseMs: relayLeaseMs,
        pollMs,
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
