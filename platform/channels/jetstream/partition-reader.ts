import { setTimeout as sleep } from "node:timers/promises";
import type { Msg, Subscription } from "nats";
import type { Logger } from "../../logger.ts";
import { durableOf, streamOf, subjectOf } from "./messages.ts";
import type { JetStreamSession, Open } from "./session.ts";

/** How long one request for a message stands at the server, and how often it says that it does, in ms. */
const PULL_MS = 15_000;
const HEARTBEAT_MS = 2_000;
/** After so long a silence there is no such consumer: nobody answers for one that was lost. */
const SILENCE_MS = 5_000;
/** So many pulls in a row that one consumer has left without a word: it is mute, and is made anew. */
const MUTE_AFTER = 2;
const LONGEST_PAUSE_MS = 2_000;
/** JetStream's answers to a pull that brought nothing: no message in time, or a limit of the request. */
const NOTHING = new Set([404, 408]);

export interface PartitionReaderOptions {
  readonly channel: string;
  readonly group: string;
  readonly partition: number;
  readonly session: JetStreamSession;
  /** How long a message may be here without a sign of life, in ms, before another node gets it. */
  readonly ackWaitMs: number;
  readonly logger: Logger;
  /**
   * Deals with a message, behind which so many others wait. Rejecting gives it back, for another try after a pause.
   */
  readonly handle: (data: Uint8Array, waiting: number) => Promise<void>;
}

/**
 * Reads one partition of a channel for a subscription, over any number of nodes: of all their readers JetStream lets
 * one at a time have a message (`max_ack_pending: 1`), so that a partition stays in order. A message that is being
 * worked on is kept alive; one that this node will not work on is given back at once.
 */
export class PartitionReader {
  readonly #options: PartitionReaderOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #subscription: Subscription | undefined;
  /** Takes the answer to the pull that is under way. */
  #waiting: ((answer: Msg | "nothing" | Error) => void) | undefined;
  /** Came for a pull that was given up, before the next one: there is never more than one. */
  #early: Msg | undefined;
  #heard: () => void = () => {};
  /** Which consumer is read, by when it was made, and how many pulls in a row it has left without a word. */
  #consumer = { created: "", silences: 0 };
  #failures = 0;

  constructor(options: PartitionReaderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends the message in hand. One that is on its way here goes back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#waiting?.("nothing");
    // The server sends nothing more after it, and what it has sent has come before: those are given back.
    await Promise.race([this.#subscription?.drain(), sleep(1_000, undefined, { ref: false })]).catch(() => {});
    await this.#running;
  }

  async #run(): Promise<void> {
    const { session, logger, channel, group, partition } = this.#options;
    const { signal } = this.#stopping;
    // Pulls that stood at a server that is gone are forgotten there.
    let failures = 0;
    let declared = false;
    const forget = session.onReconnect(() => {
      declared = false;
      this.#waiting?.("nothing");
    });
    while (!signal.aborted) {
      try {
        const open = await session.open(signal);
        if (!declared) await this.#declare(open);
        declared = true;
        const message = await this.#pull(open);
        failures = 0;
        if (message) await this.#take(message);
      } catch (error) {
        if (signal.aborted) break;
        // The stream or the consumer may be gone: both are made again. The stream is its owner's to make.
        declared = false;
        failures++;
        // All partitions of a subscription fail alike: one speaks for them.
        if (partition === 0 && (failures === 10 || failures % 50 === 0))
          logger.warn(
            { err: error, channel, group, partition, failures },
            "a durable channel cannot be read; trying on",
          );
        const pause = Math.min(LONGEST_PAUSE_MS, 50 * 2 ** failures) * (0.5 + Math.random() / 2);
        await sleep(pause, undefined, { signal }).catch(() => {});
      }
    }
    forget();
    this.#early?.respond("-NAK");
  }

  async #declare({ connection, manager }: Open): Promise<void> {
    const { channel, group, partition, ackWaitMs, session, logger } = this.#options;
    const { AckPolicy, DeliverPolicy } = await import("nats");
    const [stream, durable] = [streamOf(channel), durableOf(group, partition)];
    const add = () =>
      manager.consumers.add(stream, {
        durable_name: durable,
        filter_subject: subjectOf(channel, partition),
        deliver_policy: DeliverPolicy.All,
        ack_policy: AckPolicy.Explicit,
        max_ack_pending: 1,
        // Never given up: what cannot be handled is parked by the subscription itself.
        max_deliver: -1,
        ack_wait: ackWaitMs * 1_000_000,
        // Of all nodes together, with some to spare for pulls of nodes that are gone.
        max_waiting: 512,
      });
    let { created } = await add();
    if (created === this.#consumer.created && this.#consumer.silences >= MUTE_AFTER) {
      // NATS 2.9 makes such ones in the moment in which it makes their stream. Nothing is lost with it: what has been
      // done is said by the cursor.
      logger.warn({ channel, group, partition }, "a consumer of JetStream is mute; making it anew");
      await manager.consumers.delete(stream, durable);
      ({ created } = await add());
    }
    if (created !== this.#consumer.created) this.#consumer = { created, silences: 0 };
    if (this.#subscription && !this.#subscription.isClosed()) return;
    this.#subscription = connection.subscribe(session.newInbox(), {
      callback: (error, message) => this.#receive(error, message),
    });
  }

  #receive(error: Error | null, message: Msg): void {
    const waiting = this.#waiting;
    if (error) {
      waiting?.(error);
      return;
    }
    const code = message.headers?.code ?? 0;
    this.#consumer.silences = 0;
    if (code === 0 && message.reply) {
      if (this.#stopping.signal.aborted) message.respond("-NAK");
      else if (waiting) waiting(message);
      else this.#early = message;
      return;
    }
    this.#heard();
    // 100 is a heartbeat.
    if (NOTHING.has(code)) waiting?.("nothing");
    else if (code !== 100) waiting?.(new Error(`JetStream says ${code} ${message.headers?.description ?? ""}`));
  }

  async #pull({ connection }: Open): Promise<Msg | undefined> {
    const early = this.#early;
    this.#early = undefined;
    if (early) return early;
    const { channel, group, partition } = this.#options;
    const answer = await new Promise<Msg | "nothing" | Error>((resolve) => {
      const done = (value: Msg | "nothing" | Error) => {
        this.#heard = () => {};
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve(value);
      };
      let timer: NodeJS.Timeout;
      this.#heard = () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          this.#consumer.silences++;
          done(new Error("JetStream says nothing of the consumer"));
        }, SILENCE_MS);
      };
      this.#heard();
      this.#waiting = done;
      const subject = `$JS.API.CONSUMER.MSG.NEXT.${streamOf(channel)}.${durableOf(group, partition)}`;
      const request = JSON.stringify({
        batch: 1,
        expires: PULL_MS * 1_000_000,
        idle_heartbeat: HEARTBEAT_MS * 1_000_000,
      });
      connection.publish(subject, request, { reply: (this.#subscription as Subscription).getSubject() });
      if (this.#stopping.signal.aborted) done("nothing");
    });
    if (answer instanceof Error) throw answer;
    return answer === "nothing" ? undefined : answer;
  }

  async #take(message: Msg): Promise<void> {
    const { ackWaitMs, handle, logger, channel, group, partition } = this.#options;
    if (this.#stopping.signal.aborted) {
      message.respond("-NAK");
      return;
    }
    const alive = setInterval(() => message.respond("+WPI"), ackWaitMs / 3);
    try {
      await handle(message.data, waitingBehind(message));
      this.#failures = 0;
      message.respond("+ACK");
    } catch (error) {
      this.#failures++;
      logger.warn({ err: error, channel, group, partition, failures: this.#failures }, "a batch was refused");
      const pauseMs = Math.min(5_000, 50 * 2 ** (this.#failures - 1)) * (0.5 + Math.random() / 2);
      // On its way out this node has nothing to wait for: the next one may try at once.
      const delay = this.#stopping.signal.aborted ? 0 : Math.round(pauseMs * 1_000_000);
      message.respond(`-NAK {"delay":${delay}}`);
    } finally {
      clearInterval(alive);
    }
  }
}

/** How many messages JetStream has behind one for its consumer: the ninth part of where it is to be acknowledged (ADR-15). */
function waitingBehind({ reply }: Msg): number {
  return Number(reply?.split(".")[8] ?? 0) || 0;
}
