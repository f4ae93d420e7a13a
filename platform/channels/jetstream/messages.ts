import { LOG_SUBJECT } from "../../bus/connection.ts";
import type { AnySequencedEvent } from "../../event-log.ts";
import { BATCH_SIZE } from "../channel.ts";

/** One message of a durable channel: the next events of one partition. */
export interface ChannelMessage {
  /**
   * Whoever has dealt with everything of the partition up to here misses nothing before these events. It is not the
   * sequence of the partition's event before, which may be lower.
   */
  readonly after: number;
  /** In the order of their sequence, with none of the partition left out. */
  readonly events: readonly AnySequencedEvent[];
}

/** The most bytes of a message of several events. */
const MOST_BYTES = 512 * 1_024;
/** The most bytes of a message at all, unless NATS says so itself; and what of them is not for events, but around them. */
const MAX_PAYLOAD = 1_048_576;
const AROUND = 1_024;

/** The JetStream stream that holds a domain's channel. */
export function streamOf(channel: string): string {
  return `waybill_${channel}`;
}

/** The subject of one partition of a channel. */
export function subjectOf(channel: string, partition: number): string {
  return `${LOG_SUBJECT}.${channel}.${partition}`;
}

/** The durable consumer of a subscription for one partition. */
export function durableOf(group: string, partition: number): string {
  return `${group}_${partition}`;
}

/** The last sequence that a message brings its readers to. */
export function upTo({ after, events }: ChannelMessage): number {
  return events.at(-1)?.sequence ?? after;
}

/**
 * Messages for the next events of one partition, each bounded in number and bytes. An event that NATS would refuse is
 * only told of: a message without events, behind which it has to have been read from the log.
 *
 * @param most NATS's `max_payload`
 */
export function messagesOf(after: number, events: readonly AnySequencedEvent[], most = MAX_PAYLOAD): Encoded[] {
  const room = most - AROUND;
  const messages: Encoded[] = [];
  let texts: string[] = [];
  let bytes = 0;
  let from = after;
  let last: AnySequencedEvent | undefined;
  const close = () => {
    if (!last) return;
    const body = Buffer.from(`{"after":${from},"events":[${texts.join(",")}]}`);
    messages.push({ id: last.id, upTo: last.sequence, body });
    from = last.sequence;
    texts = [];
    bytes = 0;
    last = undefined;
  };
  for (const event of events) {
    const text = JSON.stringify(event);
    const size = Buffer.byteLength(text);
    if (texts.length === BATCH_SIZE || (texts.length > 0 && bytes + size > Math.min(MOST_BYTES, room))) close();
    if (size > room) {
      from = event.sequence;
      messages.push({ id: event.id, upTo: from, body: Buffer.from(`{"after":${from},"events":[]}`) });
      continue;
    }
    texts.push(text);
    bytes += size;
    last = event;
  }
  close();
  return messages;
}

/** A message on its way out. */
export interface Encoded {
  /** The id of its last event, by which JetStream drops a second sending. */
  readonly id: string;
  readonly upTo: number;
  readonly body: Buffer;
}

/** Reads a message. Throws when it is none of ours. */
export function decode(data: Uint8Array): ChannelMessage {
  const message = JSON.parse(
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8"),
  ) as ChannelMessage;
  if (!Number.isSafeInteger(message.after) || !Array.isArray(message.events))
    throw new Error("not a channel's message");
  return message;
}
