import { setTimeout as sleep } from "node:timers/promises";
import Channels from "@moleculer/channels";
import type { ServiceBroker } from "moleculer";
import type { AnySequencedEvent } from "../event-log.ts";
import { PARTITIONS } from "../ids.ts";
import type { Logger } from "../logger.ts";
import { giveWay } from "../rush.ts";
import { type Announcement, BATCH_SIZE, type SubscriptionChannel } from "./channel.ts";
import { LogTail, type ReadLog } from "./log-tail.ts";

export interface EmbeddedAdapterOptions {
  /** How often a log is looked at without being told, in ms. */
  readonly pollMs: number;
  /** The pause before a refused batch is handed over again, in ms: the first and the longest. It doubles. */
  readonly retryMs: readonly [first: number, longest: number];
}

/**
 * How many loops read the partitions of a subscription. With few of them what is waiting makes large sets, each one
 * transaction: two finished twice as many orders a second as eight. With only one, a provider that is slow to answer
 * would hold up all orders instead of half of them.
 */
const LANES = 2;

interface Running {
  readonly stop: AbortController;
  readonly loops: Promise<void>[];
  /** How often the cursors were set back here. */
  setBack: number;
}

/**
 * Durable channels without a broker: nothing is published, the subscriptions' partitions are read from the owner's
 * log by sequence. PostgreSQL alone holds what was announced and how far each subscription has come.
 */
export class EmbeddedAdapter extends Channels.Adapters.Base {
  readonly #options: EmbeddedAdapterOptions;
  readonly #tails = new Map<string, LogTail>();
  readonly #running = new Map<object, Running>();

  constructor(options: EmbeddedAdapterOptions = { pollMs: 1_000, retryMs: [50, 5_000] }) {
    super({ prefix: "" });
    this.#options = options;
  }

  override async connect(): Promise<void> {
    this.connected = true;
  }

  override async disconnect(): Promise<void> {
    this.connected = false;
    await Promise.all([...this.#tails.values()].map((tail) => tail.stop()));
    this.#tails.clear();
  }

  /** Follows the channel's log. */
  override async subscribe(definition: object): Promise<void> {
    const channel = definition as SubscriptionChannel;
    const tail = this.tail(channel.name);
    const running: Running = { stop: new AbortController(), loops: [], setBack: 0 };
    channel.onSetBack(() => {
      running.setBack++;
      tail.release();
    });
    for (let lane = 0; lane < LANES; lane++) {
      const partitions = Array.from({ length: PARTITIONS / LANES }, (_, i) => lane + i * LANES);
      running.loops.push(this.#follow(channel, tail, partitions, running));
    }
    this.#running.set(channel, running);
  }

  /** Lets the batches in hand end and starts no others. */
  override async unsubscribe(channel: object): Promise<void> {
    const running = this.#running.get(channel);
    if (!running) return;
    running.stop.abort();
    this.tail((channel as SubscriptionChannel).name).release();
    await Promise.all(running.loops);
    this.#running.delete(channel);
  }

  /** The relay's announcement that a log has grown: wakes its readers in this process. */
  override async publish(name: string, _announcement: Announcement): Promise<void> {
    this.#tails.get(name)?.wake();
  }

  override parseMessageHeaders(): object {
    return {};
  }

  /** The newest events of a domain's log, shared by all that read it in this process. */
  tail(domain: string): LogTail {
    let tail = this.#tails.get(domain);
    if (!tail) {
      const log = {
        read: (...[after, limit, partition]: Parameters<ReadLog>) =>
          this.broker.call<AnySequencedEvent[], object>(`${domain}.log.read`, { after, limit, partition }),
        head: () => this.broker.call<number>(`${domain}.log.head`),
      };
      tail = new LogTail(log, this.logger as unknown as Logger, this.#options.pollMs);
      this.#tails.set(domain, tail);
      tail.start();
    }
    return tail;
  }

  /** Lets events gather for a subscription that has time. */
  async #gather({ lingerMs = 0 }: SubscriptionChannel, { stop }: Running): Promise<void> {
    if (lingerMs > 0) await sleep(lingerMs, undefined, { signal: stop.signal }).catch(() => {});
  }

  async #follow(
    channel: SubscriptionChannel,
    tail: LogTail,
    partitions: readonly number[],
    running: Running,
  ): Promise<void> {
    const [first, longest] = this.#options.retryMs;
    const positions = new Map<number, number>();
    let failures = 0;
    let { setBack } = running;
    while (!running.stop.signal.aborted) {
      try {
        if (setBack !== running.setBack) {
          positions.clear();
          setBack = running.setBack;
        }
        for (const partition of partitions) {
          if (!positions.has(partition)) positions.set(partition, await channel.position(partition));
        }
        const head = tail.head;
        const from = [...positions].map(([partition, sequence]) => ({ partition, sequence }));
        const events = await tail.next(from, BATCH_SIZE);
        if (events.length === 0) {
          for (const [partition, position] of positions) positions.set(partition, Math.max(position, head));
          if (!running.stop.signal.aborted) await tail.grown(head, this.#options.pollMs);
          continue;
        }
        const began = performance.now();
        const age = Date.now() - Date.parse((events[0] as AnySequencedEvent).at);
        await channel.handler({ events });
        for (const { partition, sequence } of events) positions.set(partition, sequence);
        failures = 0;
        await giveWay(this.broker as ServiceBroker, performance.now() - began, age, running.stop.signal);
        // A full set has nothing to gain.
        if (events.length < BATCH_SIZE) await this.#gather(channel, running);
      } catch (error) {
        // Refused: another owner moved a cursor, or the database is away. The cursors say where to go on.
        positions.clear();
        failures++;
        if (running.stop.signal.aborted) return;
        this.logger.warn({ err: error, channel: channel.name, group: channel.group, failures }, "a batch was refused");
        const pause = Math.min(longest, first * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
        await sleep(pause, undefined, { signal: running.stop.signal }).catch(() => {});
      }
    }
  }
}
