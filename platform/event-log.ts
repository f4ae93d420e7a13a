import type { Instant } from "./clock.ts";
import type { Events, EventType } from "./contracts.ts";
import { Clash, type Database, statement, type Tx } from "./database.ts";
import { newId, partitionOf } from "./ids.ts";

/** What an event carries beside its data. No personal data here either. */
export interface EventMeta {
  /** The request that began all this. */
  readonly correlationId?: string;
  /** The event or request that caused this one. */
  readonly causationId?: string;
  /** Who did it: a client, a customer, or a domain. */
  readonly actor: string;
  readonly reason?: string;
  /** What the live feeds need beside the data; orders keep the number, the public version and the customer here. */
  readonly feed?: { readonly number: string; readonly version: number; readonly customer?: string };
}

/** An event on its way into its domain's log. `version` counts within the stream, from 1. */
export interface NewEvent<T extends EventType = EventType> {
  readonly stream: string;
  readonly version: number;
  readonly type: T;
  readonly tenant: string;
  readonly data: Events[T];
  readonly meta: EventMeta;
  readonly at: Instant;
}

/** An event as it was appended. */
export interface LoggedEvent<T extends EventType = EventType> extends NewEvent<T> {
  readonly id: string;
}

/** A committed event that the relay has numbered: `sequence` is gapless within the log. */
export interface SequencedEvent<T extends EventType = EventType> extends LoggedEvent<T> {
  readonly sequence: number;
  readonly partition: number;
}

/** An event of any type, narrowed by its `type`. */
export type AnyEvent = { [T in EventType]: LoggedEvent<T> }[EventType];
export type AnySequencedEvent = { [T in EventType]: SequencedEvent<T> }[EventType];

const append = statement(
  "event_log.append",
  `with appended as (
     insert into event_log (id, stream, version, type, tenant, data, meta, at, partition)
     select id, stream, version, type, tenant, data, meta, at, partition
     from json_to_recordset($1) as e(
       id uuid, stream uuid, version int, type text, tenant text, data jsonb, meta jsonb, at timestamptz, partition smallint)
     returning position, partition)
   insert into event_log_unnumbered (position, partition) select position, partition from appended`,
);

/** The columns of an event, as all readers want them. */
export const EVENT_COLUMNS =
  "n.sequence, n.partition, l.id, l.stream, l.version, l.type, l.tenant, l.data, l.meta, l.at";

const readAll = statement(
  "event_log.read",
  `select ${EVENT_COLUMNS} from event_log_numbers n join event_log l using (position)
   where n.sequence > $1 order by n.sequence limit $2`,
);
const readPartition = statement(
  "event_log.read_partition",
  `select ${EVENT_COLUMNS} from event_log_numbers n join event_log l using (position)
   where n.partition = $3 and n.sequence > $1 order by n.sequence limit $2`,
);
const readHead = statement("event_log.head", "select sequence from event_log_head");
const readStreams = statement(
  "event_log.streams",
  `select l.id, l.stream, l.version, l.type, l.tenant, l.data, l.meta, l.at from event_log l
   where l.stream = any($1) order by l.stream, l.version`,
);

/** Gives an event its id. */
export function logged<T extends EventType>(event: NewEvent<T>): LoggedEvent<T> {
  return { id: newId(), ...event };
}

/** The rows of events as the log's insert statements take them, as JSON text. */
export function eventRows(events: readonly LoggedEvent[]): string {
  return JSON.stringify(events.map((event) => ({ ...event, partition: partitionOf(event.stream) })));
}

/** Whether an error is another writer's event in the same place of a stream: the optimistic lock. */
export function isVersionClash(error: unknown): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === "23505" && constraint === "event_log_stream_version_key";
}

/** A domain's event log: an append-only table that is its outbox as well. */
export class EventLog {
  readonly domain: string;
  readonly #database: Database;
  /** Set by the relay: told of each commit that appended something. */
  onAppended: () => void = () => {};

  constructor(domain: string, database: Database) {
    this.domain = domain;
    this.#database = database;
  }

  /**
   * Appends events in the caller's transaction, in the order given. When somebody else has appended to one of the
   * streams meanwhile it throws a {@link Clash}, and the transaction runs again from its reading.
   */
  async append(tx: Tx, events: readonly NewEvent[]): Promise<void> {
    if (events.length === 0) return;
    try {
      await tx.query(append, [eventRows(events.map(logged))]);
    } catch (error) {
      if (isVersionClash(error)) throw new Clash("another writer has appended to the stream");
      throw error;
    }
    this.appendedIn(tx);
  }

  /** Tells the relay once the transaction is committed; for statements that write the log's rows themselves. */
  appendedIn(tx: Tx): void {
    tx.afterCommit(() => this.onAppended());
  }

  /** The committed and numbered events after a sequence, in order, of one partition or of all. */
  read(after: number, limit: number, partition?: number): Promise<AnySequencedEvent[]> {
    return partition === undefined
      ? this.#database.query(readAll, [after, limit])
      : this.#database.query(readPartition, [after, limit, partition]);
  }

  /** The sequence of the last numbered event; 0 when there is none. */
  async head(): Promise<number> {
    const [row] = await this.#database.query<{ sequence: number }>(readHead);
    return row?.sequence ?? 0;
  }

  /** All events of some streams, each stream from its first version on. */
  streams(ids: readonly string[]): Promise<AnyEvent[]> {
    return this.#database.query(readStreams, [ids]);
  }
}
