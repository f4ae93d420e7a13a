import type { ServiceSchema } from "moleculer";
import type { Batch, SubscriptionChannel } from "../platform/channels/channel.ts";
import type { DomainName } from "../platform/config.ts";
import { type DomainService, defineSchema } from "../platform/service.ts";
import { Consumer, defaultRetries, type RetryPolicy } from "../platform/subscriptions/consumer.ts";
import type { Subscription } from "../platform/subscriptions/subscription.ts";

interface WithConsumers extends DomainService {
  schema: DomainService["schema"] & { channels: Record<string, object> };
  consumers: Map<string, Consumer>;
}

/** Reads other domains' channels, one subscription a channel, each with its cursors in this domain's own schema. */
export function subscriptions(
  domain: DomainName,
  list: readonly Subscription[],
  retries: RetryPolicy = defaultRetries,
): ServiceSchema {
  return defineSchema<WithConsumers>({
    name: domain,
    channels: Object.fromEntries(list.map(({ channel }) => [channel, channelOf(domain, channel)])),
    created(this: WithConsumers) {
      this.consumers = new Map(list.map((one) => [one.channel, new Consumer(this, one, retries)]));
      // The middleware copies the definitions, so that `position` has no `this`: each service has its own.
      for (const { channel } of list) {
        const definition = this.schema.channels[channel] as { position: SubscriptionChannel["position"] };
        definition.position = (partition) => (this.consumers.get(channel) as Consumer).position(partition);
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

function channelOf(domain: DomainName, channel: string): object {
  return {
    group: domain,
    async handler(this: WithConsumers, batch: Batch) {
      await (this.consumers.get(channel) as Consumer).accept(batch);
    },
  };
}
