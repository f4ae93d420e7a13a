import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterConfig } from "../../config.ts";
import { PARTITIONS } from "../../ids.ts";
import type { Logger } from "../../logger.ts";
import type { LogReader } from "../channel.ts";
import { decode, messagesOf, streamOf, subjectOf, upTo } from "./messages.ts";
import { isJetStreamAway, type JetStreamSession, type Open } from "./session.ts";

const READ = 1_000;
const DUPLICATE_WINDOW_MS = 120_000;
/** How many of the newest events an empty stream is given. What is older is read from the log by whoever lacks it. */
const FIRST = 1_000;
/** JetStream's codes (nats-server's errors.json): "wrong last sequence" and "stream not found". */
const WRONG_LAST_SEQUENCE = 10_071;
const NO_SUCH_MESSAGE = 10_037;

/** How far a partition has been published. */
interface Place {
  /** The last event of the log that is in the stream. */
  published: number;
  /** The last message of the partition, as the stream counts; 0 when there is none. */
  message: number;
}

/**
 * Carries a domain's numbered events into its channel's stream, on the node whose relay leads. What is in the stream
 * already is read from the stream, so that a new leader goes on where the old one stopped; every message says which
 * one of its partition it follows, so that of two leaders one is refused and looks again.
 */
export class Publisher {
  readonly #channel: string;
  readonly #session: JetStreamSession;
  readonly #log: LogReader;
  readonly #settings: ClusterConfig["jetstream"];
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #places: Place[] | undefined;
  /** Everything up to here is published, in all partitions. */
  #scanned = 0;
  #wanted = 0;
  #wake: () => void = () => {};
  #running: Promise<void> | undefined;

  constructor(
    channel: string,
    session: JetStreamSession,
    log: LogReader,
    settings: ClusterConfig["jetstream"],
    logger: Logger,
  ) {
    this.#channel = channel;
    this.#session = session;
    this.#log = log;
    this.#settings = settings;
    this.#logger = logger;
  }

  /** The log is numbered up to here: publish it. Returns at once. */
  announce(sequence: number): void {
    this.#wanted = Math.max(this.#wanted, sequence);
    this.#running ??= this.#run();
    this.#wake();
  }

  /** Ends what is in hand. What is not published is published by the next leader. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const open = await this.#session.open(signal);
        this.#places ??= await this.#look(open);
        if (this.#scanned >= this.#wanted) {
          await this.#woken();
          continue;
        }
        await this.#publishSome(open);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        // Whatever went wrong: the stream alone knows what it has.
        this.#places = undefined;
        failures++;
        const isRefusal = (error as { api_error?: { err_code?: number } }).api_error?.err_code === WRONG_LAST_SEQUENCE;
        if (!isRefusal && (failures === 1 || failures % 20 === 0))
          this.#logger.warn(
            { err: error, channel: this.#channel, failures },
            "events could not be published; trying on",
          );
        const pause = Math.min(isJetStreamAway(error) ? 1_000 : 5_000, 20 * 2 ** failures) * (0.5 + Math.random() / 2);
        await sleep(pause, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #publishSome({ connection, stream }: Open): Promise<void> {
    const most = connection.info?.max_payload;
    const places = this.#places as Place[];
    const events = await this.#log.read(this.#scanned, READ);
    const byPartition = Map.groupBy(events, (event) => event.partition);
    await Promise.all(
      [...byPartition].map(async ([partition, all]) => {
        const place = places[partition] as Place;
        const missing = all.filter((event) => event.sequence > place.published);
        for (const { id, upTo: sequence, body } of messagesOf(place.published, missing, most)) {
          const ack = await stream.publish(subjectOf(this.#channel, partition), body, {
            msgID: id,
            expect: { lastSubjectSequence: place.message },
          });
          place.message = ack.seq;
          place.published = sequence;
        }
      }),
    );
    const last = events.at(-1);
    this.#scanned = last ? last.sequence : this.#wanted;
  }

  /** What the stream has; it is made if it is not there. */
  async #look({ manager }: Open): Promise<Place[]> {
    await this.#declare({ manager });
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    const lasts = await Promise.all(partitions.map((partition) => this.#lastMessage(manager, partition)));
    // After them: what another leader publishes meanwhile is in the log before.
    const heads = await this.#log.heads();
    const head = Math.max(0, ...heads);
    const newest = Math.max(0, head - FIRST);
    const places = lasts.map((last, partition): Place => {
      // A log that was restored from a backup ends before what was published: its new events are other ones.
      const published = Math.min(last?.published || newest, Math.max(heads[partition] ?? 0, newest));
      return { published, message: last?.message ?? 0 };
    });
    // A partition in which nothing has happened for long would have the whole log read again.
    const behind = places.filter(({ published }, partition) => published < (heads[partition] ?? 0));
    this.#scanned = Math.min(head, ...behind.map(({ published }) => published));
    return places;
  }

  async #lastMessage(manager: Open["manager"], partition: number): Promise<Place | undefined> {
    try {
      const query = { last_by_subj: subjectOf(this.#channel, partition) };
      const stored = await manager.streams.getMessage(streamOf(this.#channel), query);
      return { published: this.#upTo(stored.data), message: stored.seq };
    } catch (error) {
      const { code, api_error: api } = error as { code?: string; api_error?: { err_code?: number } };
      if (api?.err_code === NO_SUCH_MESSAGE || (api === undefined && code === "404")) return undefined;
      throw error;
    }
  }

  /** 0 for what is no message of ours: then the newest events are published once more behind it. */
  #upTo(data: Uint8Array): number {
    try {
      return upTo(decode(data));
    } catch (error) {
      this.#logger.error({ err: error, channel: this.#channel }, "a message of a channel is not readable");
      return 0;
    }
  }

  /** The stream as the settings want it, made up front: to publish where there is none is an error. */
  async #declare({ manager }: Pick<Open, "manager">): Promise<void> {
    const { replicas, maxBytes } = this.#settings;
    const name = streamOf(this.#channel);
    const wanted = {
      subjects: [subjectOf(this.#channel, 0).replace(/0$/, "*")],
      num_replicas: replicas,
      max_bytes: maxBytes,
      duplicate_window: DUPLICATE_WINDOW_MS * 1_000_000,
    };
    const found = await manager.streams.info(name).catch((error: unknown) => {
      if ((error as { code?: string }).code === "404") return undefined;
      throw error;
    });
    if (!found) {
      const { RetentionPolicy, StorageType } = await import("nats");
      await manager.streams.add({ name, ...wanted, retention: RetentionPolicy.Limits, storage: StorageType.File });
      this.#logger.info({ channel: this.#channel }, "the channel's stream was made");
      return;
    }
    const { config } = found;
    const differs =
      config.num_replicas !== replicas || config.max_bytes !== maxBytes || config.subjects[0] !== wanted.subjects[0];
    if (differs) await manager.streams.update(name, { ...config, ...wanted });
  }

  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#stopping.signal.aborted || this.#scanned < this.#wanted) resolve();
    });
  }
}
