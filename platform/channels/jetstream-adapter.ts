import Channels from "@moleculer/channels";
import { channelUser } from "../bus/accounts.ts";
import type { ClusterConfig } from "../config.ts";
import type { AnySequencedEvent } from "../event-log.ts";
import type { Logger } from "../logger.ts";
import type { Announcement, LogReader, SubscriptionChannel } from "./channel.ts";
import { Follower } from "./jetstream/follower.ts";
import { Publisher } from "./jetstream/publisher.ts";
import { JetStreamSession } from "./jetstream/session.ts";

/**
 * Durable channels on JetStream: the relay's node publishes a domain's numbered events, partition by partition, and
 * the nodes of a subscription share the partitions. JetStream is trusted with the order and the sharing, never with
 * the events: whatever it loses is read from the owner's log.
 */
export class JetStreamAdapter extends Channels.Adapters.Base {
  readonly #config: ClusterConfig;
  readonly #watchMs: number;
  readonly #publishers = new Map<string, Publisher>();
  readonly #followers = new Map<object, Follower>();
  /** One for each channel: on NATS each is an account of its own. */
  readonly #sessions = new Map<string, JetStreamSession>();

  /** @param watchMs how often a subscription looks whether it stands behind its log, in ms */
  constructor(config: ClusterConfig, watchMs: number) {
    super({ prefix: "" });
    this.#config = config;
    this.#watchMs = watchMs;
  }

  override async connect(): Promise<void> {
    this.connected = true;
  }

  override async disconnect(): Promise<void> {
    this.connected = false;
    await Promise.all([...this.#publishers.values()].map((publisher) => publisher.stop()));
    await Promise.all([...this.#followers.values()].map((follower) => follower.stop()));
    await Promise.all([...this.#sessions.values()].map((session) => session.stop()));
    this.#sessions.clear();
  }

  override async subscribe(definition: object): Promise<void> {
    const channel = definition as SubscriptionChannel;
    const follower = new Follower(
      channel,
      this.#session(channel.name),
      this.#reader(channel.name),
      this.#config.jetstream,
      this.#watchMs,
      this.#log,
    );
    this.#followers.set(channel, follower);
    follower.start();
  }

  /** Lets the batches in hand end and gives the others back. */
  override async unsubscribe(channel: object): Promise<void> {
    await this.#followers.get(channel)?.stop();
    this.#followers.delete(channel);
  }

  /** The relay's announcement that its log has grown: publishes what is new, and tells the gateways' live feeds. */
  override async publish(name: string, { upTo }: Announcement): Promise<void> {
    let publisher = this.#publishers.get(name);
    if (!publisher) {
      const { jetstream } = this.#config;
      publisher = new Publisher(name, this.#session(name), this.#reader(name), jetstream, this.#log);
      this.#publishers.set(name, publisher);
    }
    publisher.announce(upTo);
    // Whoever misses it looks by itself.
    this.broker.broadcast(`${name}.log.grown`, { upTo }).catch(() => {});
  }

  override parseMessageHeaders(): object {
    return {};
  }

  /** Begins to connect, and does not wait for it: a node works while JetStream is away. */
  #session(channel: string): JetStreamSession {
    let session = this.#sessions.get(channel);
    if (!session) {
      const { nats } = this.#config;
      const user = nats.user === undefined ? {} : { user: channelUser(nats.user, channel) };
      session = new JetStreamSession({ ...nats, ...user }, `${this.broker.nodeID} ${channel}`, this.#log);
      session.start();
      this.#sessions.set(channel, session);
    }
    return session;
  }

  get #log(): Logger {
    return this.logger as unknown as Logger;
  }

  #reader(domain: string): LogReader {
    return {
      read: (after, limit, partition) =>
        this.broker.call<AnySequencedEvent[], object>(`${domain}.log.read`, { after, limit, partition }),
      heads: () => this.broker.call<number[]>(`${domain}.log.heads`),
    };
  }
}
