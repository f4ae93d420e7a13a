import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterConfig } from "../../config.ts";
import { PARTITIONS } from "../../ids.ts";
import type { Logger } from "../../logger.ts";
import { Fenced } from "../../subscriptions/consumer.ts";
import { BATCH_SIZE, type LogReader, type SubscriptionChannel } from "../channel.ts";
import { type ChannelMessage, decode, upTo } from "./messages.ts";
import { PartitionReader } from "./partition-reader.ts";
import type { JetStreamSession } from "./session.ts";

/**
 * A subscription on one node: reads the partitions from JetStream, and from the owner's log what JetStream does not
 * have, because its storage was lost or it was away. The subscription's own cursors decide; JetStream only says who
 * is next and what is new.
 */
export class Follower {
  readonly #channel: SubscriptionChannel;
  readonly #log: LogReader;
  readonly #logger: Logger;
  readonly #watchMs: number;
  readonly #readers: readonly PartitionReader[];
  readonly #stopping = new AbortController();
  /** How far this node has seen each partition come; other nodes may have come further. */
  readonly #seen = new Map<number, number>();
  /** The partitions that are worked on here, a message or the log, until they are done with. */
  readonly #busy = new Map<number, Promise<void>>();
  #watching: Promise<void> | undefined;

  /** @param watchMs how often it looks whether the subscription stands behind its log, in ms */
  constructor(
    channel: SubscriptionChannel,
    session: JetStreamSession,
    log: LogReader,
    { ackWaitMs }: ClusterConfig["jetstream"],
    watchMs: number,
    logger: Logger,
  ) {
    this.#channel = channel;
    this.#log = log;
    this.#logger = logger;
    this.#watchMs = watchMs;
    this.#readers = Array.from({ length: PARTITIONS }, (_, partition) => {
      const handle = (data: Uint8Array, waiting: number) => this.#accept(partition, data, waiting);
      return new PartitionReader({
        channel: channel.name,
        group: channel.group,
        partition,
        session,
        ackWaitMs,
        logger,
        handle,
      });
    });
  }

  start(): void {
    for (const reader of this.#readers) reader.start();
    this.#watching = this.#watch();
  }

  /** Ends the batches in hand and gives back what was not begun. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#readers.map((reader) => reader.stop()), this.#watching]);
  }

  async #accept(partition: number, data: Uint8Array, waiting: number): Promise<void> {
    let message: ChannelMessage;
    try {
      message = decode(data);
    } catch (error) {
      // Nothing is lost by passing it: the next message, or the look at the log's head, shows what is missing.
      this.#logger.error(
        { err: error, channel: this.#channel.name, partition },
        "a message of a channel is not readable",
      );
      return;
    }
    await this.#alone(partition, () => this.#apply(partition, message, waiting));
  }

  /**
   * Works on a partition when nothing else here does. What is known of how far it has come is only ever right
   * together with what the subscription knows of its cursor, which forgets it with every failure.
   */
  async #alone(partition: number, work: () => Promise<void>): Promise<void> {
    const before = this.#busy.get(partition);
    const turn = (async () => {
      await before?.catch(() => {});
      for (let again = false; ; again = true) {
        try {
          return await work();
        } catch (error) {
          this.#seen.delete(partition);
          // Another node has been here since: its work shows in the row, and what is left is done at once.
          if (again || !(error instanceof Fenced)) throw error;
        }
      }
    })();
    this.#busy.set(partition, turn);
    try {
      await turn;
    } finally {
      if (this.#busy.get(partition) === turn) this.#busy.delete(partition);
    }
  }

  async #apply(partition: number, message: ChannelMessage, waiting: number): Promise<void> {
    if ((this.#seen.get(partition) ?? -1) < message.after) await this.#catchUp(partition, message.after);
    const seen = this.#seen.get(partition) ?? 0;
    const last = upTo(message);
    // It was part of a larger set before.
    if (seen >= last) return;
    const found = waiting > 0 ? await this.#withMore(partition, message) : message.events;
    // Were some of them handed over once more, a cursor that was set back meanwhile would be taken to stand before them.
    const events = found.filter(({ sequence }) => sequence > seen);
    if (events.length > 0) await this.#channel.handler({ events, shared: true });
    this.#seen.set(partition, events.at(-1)?.sequence ?? last);
  }

  /**
   * What waits behind a message comes one message at a time, and each would be a transaction of its own. One reading
   * of the log makes a set of all of it; the messages that bring it are then passed. Without the log they do.
   */
  async #withMore(partition: number, message: ChannelMessage): Promise<ChannelMessage["events"]> {
    const room = BATCH_SIZE - message.events.length;
    if (room <= 0) return message.events;
    try {
      return [...message.events, ...(await this.#log.read(upTo(message), room, partition))];
    } catch {
      return message.events;
    }
  }

  /** Takes what lies between the cursor and a sequence, if anything does, from the owner's log. */
  async #catchUp(partition: number, to: number): Promise<void> {
    let position = await this.#channel.position(partition);
    this.#seen.set(partition, position);
    while (position < to) {
      this.#stopping.signal.throwIfAborted();
      const found = await this.#log.read(position, BATCH_SIZE, partition);
      const events = found.filter(({ sequence }) => sequence <= to);
      if (events.length > 0) await this.#channel.handler({ events, shared: true });
      // Fewer than were asked for need not be the last ones: large events come a few at a time.
      position = events.length === found.length ? (events.at(-1)?.sequence ?? to) : to;
      this.#seen.set(partition, position);
    }
  }

  /**
   * Looks every so often whether the subscription stands behind its log although nobody brings it anything: JetStream
   * has lost its tail, or is away. Two looks apart in which a cursor has not moved are enough; if another node is
   * only slow with it, one of both is refused by the cursor and nothing is done twice.
   */
  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    const { name, group } = this.#channel;
    let before = new Map<number, number>();
    let failures = 0;
    while (!signal.aborted) {
      await sleep(this.#watchMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        const behind = await this.#behind();
        const last = before;
        before = new Map([...behind].map(([partition, { position }]) => [partition, position]));
        const reading = [...behind].map(async ([partition, { position, head }]) => {
          if (last.get(partition) !== position || this.#busy.has(partition)) return;
          await this.#alone(partition, () => this.#catchUp(partition, head));
          this.#logger.info({ channel: name, group, partition, from: position, to: head }, "read from the log");
        });
        // One that cannot go on holds no other up.
        const failed = (await Promise.allSettled(reading)).find(({ status }) => status === "rejected");
        if (failed) throw (failed as PromiseRejectedResult).reason;
        failures = 0;
      } catch (error) {
        failures++;
        if (!signal.aborted && (failures === 1 || failures % 20 === 0))
          this.#logger.warn(
            { err: error, channel: name, group, failures },
            "a log could not be compared with its channel",
          );
      }
    }
  }

  /** The partitions whose cursor stands before the log's head. */
  async #behind(): Promise<Map<number, { position: number; head: number }>> {
    const heads = await this.#log.heads();
    const behind = new Map<number, { position: number; head: number }>();
    const positions = await this.#channel.positions();
    heads.forEach((head, partition) => {
      const position = positions[partition] ?? 0;
      if (position < head) behind.set(partition, { position, head });
    });
    return behind;
  }
}
