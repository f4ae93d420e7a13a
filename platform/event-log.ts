import type { Instant } from "./clock.ts";
import type { Events, EventType } from "./contracts.ts";
import { type Database, statement, type Tx } from "./database.ts";
import { newId, PARTITIONS, partitionOf } from "./ids.ts";
import { Recordset } from "./recordset.ts";

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

/** How far somebody has come with a partition of a log. */
export interface PartitionPosition {
  readonly partition: number;
  readonly sequence: number;
}

/** A row of the log, but for its position. */
interface EventRow extends LoggedEvent {
  readonly partition: number;
}

const ROWS = new Recordset<EventRow>(
  "id uuid, stream uuid, version int, type text, tenant text, data json, meta json, at timestamptz, partition smallint",
);

/**
 * Appends the events of `rows`, an item of a FROM with the log's columns: two parts of a statement's WITH. The rows have
 * to come in the order of their versions within a stream.
 */
export const appending = (rows: string) =>
  `appended as (
     insert into event_log (id, stream, version, type, tenant, data, meta, at, partition)
     select id, stream, version, type, tenant, data, meta, at, partition from ${rows}
     returning position, partition),
   unnumbered as (
     insert into event_log_unnumbered (first, positions, partitions)
     select min(position), array_agg(position), array_agg(partition) from appended having count(*) > 0)`;

const append = statement("event_log.append", `with ${appending(ROWS.from("e"))} select`);

/** The columns of an event, as all readers want them. */
export const EVENT_COLUMNS =
  "n.sequence, n.partition, l.id, l.stream, l.version, l.type, l.tenant, l.data, l.meta, l.at";

/** The last run of a partition that begins at a sequence or before; with it begins what follows from there on. */
const runAt = (partition: string, sequence: string) =>
  `coalesce((select max(r.first) from event_log_runs r where r.partition = ${partition} and r.first <= ${sequence}), 0)`;

/** The positions of all events of some runs, each with its number in the run. */
const POSITIONS = "cross join lateral unnest(r.positions) with ordinality as p(position, nth)";

// Each partition has an index of its own to be read by: first as many positions of each, then the rows of the first of all.
const read = statement(
  "event_log.read",
  `select ${EVENT_COLUMNS} from (
     select n.* from unnest($1::smallint[], $2::bigint[]) as k(partition, sequence) cross join lateral (
       select r.first + p.nth - 1 as sequence, r.partition, p.position from event_log_runs r ${POSITIONS}
       where r.partition = k.partition and r.first >= ${runAt("k.partition", "k.sequence + 1")}
         and r.first + p.nth - 1 > k.sequence
       order by r.first, p.nth limit $3) n
     order by n.sequence limit $3) n
   join event_log l using (position) order by n.sequence`,
);
const readHead = statement("event_log.head", "select sequence from event_log_head");
const readHeads = statement(
  "event_log.heads",
  `select coalesce((select r.first + cardinality(r.positions) - 1 from event_log_runs r
     where r.partition = p.partition order by r.first desc limit 1), 0) as sequence
   from generate_series(0, $1 - 1) as p(partition) order by p.partition`,
);
// Counted no further than a number that says enough.
const behind = statement(
  "event_log.behind",
  `with behind as (
     select k.sequence, r.first, r.positions from unnest($1::bigint[]) with ordinality as k(sequence, number)
     cross join lateral (
       select r.first, r.positions from event_log_runs r
       where r.partition = k.number - 1 and r.first >= ${runAt("k.number - 1", "k.sequence + 1")}
         and r.first + cardinality(r.positions) - 1 > k.sequence
       order by r.first limit 100000) r)
   select coalesce(sum(least(cardinality(positions), first + cardinality(positions) - 1 - sequence)), 0)::int as events,
     coalesce((select greatest(0, extract(epoch from clock_timestamp() - l.at)) from event_log l
       where l.position = (
         select b.positions[greatest(1, b.sequence - b.first + 2)] from behind b order by greatest(b.first, b.sequence + 1)
         limit 1)), 0)::float8 as seconds
   from behind`,
);
// The times of a log are nearly in order, as its nodes' clocks and the lengths of their transactions differ: halves
// the log down to a minute before the time, and looks at all that follows from there on.
const since = statement(
  "event_log.since",
  `with recursive search(low, high) as (
     select 1::bigint, h.sequence + 1 from event_log_head h
     union all
     select case when early then mid + 1 else low end, case when early then high else mid end
     from (
       select s.low, s.high, m.mid, l.at < $1::timestamptz - interval '1 minute' as early
       from search s cross join lateral (select (s.low + s.high) / 2 as mid) m
       cross join lateral (
         select r.positions[m.mid - r.first + 1] as position from generate_series(0, $2 - 1) as k(partition)
         join event_log_runs r on r.partition = k.partition and r.first = ${runAt("k.partition", "m.mid")}
         order by r.first desc limit 1) n
       join event_log l using (position)
       where s.low < s.high) halved)
   select min(n.sequence) as sequence from (select max(low) as low from search) s
   cross join generate_series(0, $2 - 1) as k(partition) cross join lateral (
     select r.first + p.nth - 1 as sequence from event_log_runs r ${POSITIONS} join event_log l using (position)
     where r.partition = k.partition and r.first >= ${runAt("k.partition", "s.low")} and r.first + p.nth - 1 >= s.low
       and l.at >= $1
     order by r.first, p.nth limit 1) n`,
);
const readStreams = statement(
  "event_log.streams",
  `select l.id, l.stream, l.version, l.type, l.tenant, l.data, l.meta, l.at from event_log l
   where l.stream = any($1) order by l.stream, l.version`,
);

/** The item of a FROM that events come from, whose first parameter has a number: `eventParameters` are its values. */
export const eventsFrom = (alias: string, first: number) => ROWS.from(alias, first);

/** Events as the parameters of `eventsFrom`. */
export function eventParameters(events: readonly NewEvent[]): string[] {
  return ROWS.values(events.map((event) => ({ id: newId(), ...event, partition: partitionOf(event.stream) })));
}

const ALL = Array.from({ length: PARTITIONS }, (_, partition) => partition);

/** A domain's event log: an append-only table that is its outbox as well. */
export class EventLog {
  readonly domain: string;
  readonly #database: Database;
  /** Set by the relay. To be called after each commit that has appended something; `append` sees to it itself. */
  onAppended: () => void = () => {};

  constructor(domain: string, database: Database) {
    this.domain = domain;
    this.#database = database;
  }

  /**
   * Appends events in the caller's transaction, in the order given. When somebody else has appended to one of the
   * streams meanwhile the transaction runs again from its reading.
   */
  append(tx: Tx, events: readonly NewEvent[]): void {
    if (events.length === 0) return;
    tx.send(append, eventParameters(events));
    this.appendedIn(tx);
  }

  /** Tells the relay once the transaction is committed; for statements that write the log's rows themselves. */
  appendedIn(tx: Tx): void {
    tx.afterCommit(() => this.onAppended());
  }

  /**
   * The next committed and numbered events, in order.
   *
   * @param after a sequence, of one partition or of all, or how far the reader has come with each that it wants
   */
  read(after: number | readonly PartitionPosition[], limit: number, partition?: number): Promise<AnySequencedEvent[]> {
    const partitions = partition === undefined ? ALL : [partition];
    const from = typeof after === "number" ? partitions.map((one) => ({ partition: one, sequence: after })) : after;
    const columns = [from.map((one) => one.partition), from.map((one) => one.sequence)];
    return this.#database.acrossTenants.query(read, [...columns, limit]);
  }

  /** The sequence of the last numbered event; 0 when there is none. */
  async head(): Promise<number> {
    const [row] = await this.#database.acrossTenants.query<{ sequence: number }>(readHead);
    return row?.sequence ?? 0;
  }

  /** The last numbered sequence of each partition, by its number; 0 where there is none. */
  async heads(): Promise<number[]> {
    return (await this.#database.acrossTenants.query<{ sequence: number }>(readHeads, [PARTITIONS])).map(
      (row) => row.sequence,
    );
  }

  /**
   * How much of the log lies behind a reader, by the last sequence that it knows of each partition.
   *
   * @returns the number of events, counted over 100,000 runs of them a partition, and the age of the oldest in seconds
   */
  async behind(positions: readonly number[]): Promise<{ events: number; seconds: number }> {
    const [row] = await this.#database.acrossTenants.query<{ events: number; seconds: number }>(behind, [positions]);
    return row ?? { events: 0, seconds: 0 };
  }

  /** The sequence of the first event of a time or later; undefined when there is none yet. */
  async since(at: Instant): Promise<number | undefined> {
    const [row] = await this.#database.acrossTenants.query<{ sequence: number | null }>(since, [at, PARTITIONS]);
    return row?.sequence ?? undefined;
  }

  /** All events of some streams of a tenant, or of all (`*`), each stream from its first version on. */
  streams(tenant: string, ids: readonly string[]): Promise<AnyEvent[]> {
    return this.#database.of(tenant).query(readStreams, [ids]);
  }
}
