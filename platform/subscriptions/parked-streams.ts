import type { Instant } from "../clock.ts";
import { type Database, statement, type Tx } from "../database.ts";
import type { AnySequencedEvent } from "../event-log.ts";
import { newId } from "../ids.ts";

/** A stream that waits because its next event has failed: for its next attempt, or as a dead letter for an operator. */
export interface ParkedStream {
  readonly id: string;
  readonly subscription: string;
  readonly stream: string;
  readonly tenant: string;
  readonly state: "retrying" | "dead";
  readonly attempts: number;
  readonly error: string;
  readonly dueAt: Instant;
  readonly parkedAt: Instant;
}

const COLUMNS = 'id, subscription, stream, tenant, state, attempts, error, due_at as "dueAt", parked_at as "parkedAt"';

const advance = statement(
  "subscription.advance",
  `with moved as (
     update subscription_cursors c set sequence = s."to"
     from unnest($2::smallint[], $3::bigint[], $4::bigint[]) as s(partition, "from", "to")
     where c.subscription = $1 and c.partition = s.partition and c.sequence = s."from" returning 1),
   parked as (select stream from parked_streams where subscription = $1 and stream = any($5) order by stream for update)
   select (select count(*) from moved)::int as moved, array(select stream from parked) as parked`,
);
const position = statement(
  "subscription.position",
  `with made as (
     insert into subscription_cursors (subscription, partition, sequence) values ($1, $2, 0) on conflict do nothing)
   select sequence from subscription_cursors where subscription = $1 and partition = $2`,
);
const parkedOf = statement(
  "parked_streams.of",
  "select stream from parked_streams where subscription = $1 and stream = any($2)",
);
const park = statement(
  "parked_streams.park",
  `with stream as (
     insert into parked_streams (id, subscription, stream, tenant, state, attempts, error, due_at, parked_at)
     values ($1, $2, $3, $4, $5, 1, $6, $7, $8) returning id)
   insert into parked_events (parked, sequence, event) select id, $9, $10 from stream`,
);
const queue = statement(
  "parked_streams.queue",
  `insert into parked_events (parked, sequence, event)
   select p.id, e.sequence, e.event from json_to_recordset($2) as e(stream uuid, sequence bigint, event jsonb)
   join parked_streams p on p.subscription = $1 and p.stream = e.stream`,
);
const due = statement(
  "parked_streams.due",
  `select ${COLUMNS} from parked_streams where subscription = $1 and state = 'retrying' and due_at <= $2
   order by due_at limit 1 for update skip locked`,
);
const nextDue = statement(
  "parked_streams.next_due",
  "select min(due_at) as due from parked_streams where subscription = $1 and state = 'retrying'",
);
const firstEvent = statement(
  "parked_streams.first_event",
  "select event from parked_events where parked = $1 order by sequence limit 1",
);
const allEvents = statement(
  "parked_streams.all_events",
  "select event from parked_events where parked = $1 order by sequence",
);
const dropEvent = statement(
  "parked_streams.drop_event",
  `with dropped as (delete from parked_events where parked = $1 and sequence = $2)
   select exists (select from parked_events where parked = $1 and sequence > $2) as more`,
);
const unpark = statement("parked_streams.unpark", "delete from parked_streams where id = $1");
const attempt = statement(
  "parked_streams.attempt",
  "update parked_streams set state = $2, attempts = $3, error = $4, due_at = $5 where id = $1",
);
const find = statement(
  "parked_streams.find",
  `select ${COLUMNS} from parked_streams where id = $1 and tenant = $2 and state = 'dead'`,
);
const findForUpdate = statement("parked_streams.find_for_update", `${find.text} for update`);
const list = statement(
  "parked_streams.list",
  `select ${COLUMNS} from parked_streams where tenant = $1 and state = 'dead' and ($2::uuid is null or id < $2)
   order by id desc limit $3`,
);
const figures = statement(
  "parked_streams.figures",
  `select count(*) filter (where state = 'retrying')::int as retrying, count(*) filter (where state = 'dead')::int as dead
   from parked_streams`,
);

/** The last sequence a subscription has dealt with; makes the cursor on the first asking. */
export async function cursorPosition(database: Database, subscription: string, partition: number): Promise<number> {
  const [row] = await database.query<{ sequence: number }>(position, [subscription, partition]);
  // The insert of this very statement is not visible to its select: a new cursor stands at 0.
  return row?.sequence ?? 0;
}

/** The way of a cursor over the events of a batch. */
export interface Span {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Moves a subscription's cursors, if all of them still stand where they should, and answers which of the streams are
 * parked, with those rows locked.
 */
export async function advanceCursors(
  tx: Tx,
  subscription: string,
  spans: readonly Span[],
  streams: readonly string[],
): Promise<{ moved: boolean; parked: string[] }> {
  const columns = [spans.map((span) => span.partition), spans.map((span) => span.from), spans.map((span) => span.to)];
  const values = [subscription, ...columns, streams];
  const [row] = await tx.query<{ moved: number; parked: string[] }>(advance, values);
  return { moved: row?.moved === spans.length, parked: row?.parked ?? [] };
}

/** Which of the streams are parked, without locking them. */
export async function parkedAmong(
  database: Database,
  subscription: string,
  streams: readonly string[],
): Promise<string[]> {
  return (await database.query<{ stream: string }>(parkedOf, [subscription, streams])).map((row) => row.stream);
}

/** Parks a stream with the event that has failed. */
export async function parkStream(
  tx: Tx,
  subscription: string,
  event: AnySequencedEvent,
  state: "retrying" | "dead",
  error: string,
  now: Instant,
  dueAt: Instant,
): Promise<void> {
  const values = [newId(), subscription, event.stream, event.tenant, state, error, dueAt, now, event.sequence, event];
  await tx.query(park, values);
}

/** Queues events behind the one for which their stream is parked. */
export async function queueEvents(tx: Tx, subscription: string, events: readonly AnySequencedEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => ({ stream: event.stream, sequence: event.sequence, event }));
  await tx.query(queue, [subscription, JSON.stringify(rows)]);
}

/** Locks one parked stream that is due, with its first event. Streams that another node is at work on are passed over. */
export async function takeDue(
  tx: Tx,
  subscription: string,
  now: Instant,
): Promise<{ parked: ParkedStream; event: AnySequencedEvent } | undefined> {
  const [parked] = await tx.query<ParkedStream>(due, [subscription, now]);
  if (!parked) return undefined;
  const [row] = await tx.query<{ event: AnySequencedEvent }>(firstEvent, [parked.id]);
  return row && { parked, event: row.event };
}

/** When the next parked stream of a subscription is due. */
export async function nextDueAt(database: Database, subscription: string): Promise<Instant | undefined> {
  const [row] = await database.query<{ due: Instant | null }>(nextDue, [subscription]);
  return row?.due ?? undefined;
}

/** The first event of a parked stream is dealt with. The last one lets the stream go. */
export async function settleEvent(tx: Tx, parked: string, sequence: number): Promise<{ more: boolean }> {
  const [row] = await tx.query<{ more: boolean }>(dropEvent, [parked, sequence]);
  const more = row?.more ?? false;
  if (!more) await tx.query(unpark, [parked]);
  return { more };
}

/** The outcome of an attempt, or an operator's wish. */
export async function setAttempt(
  tx: Tx,
  parked: string,
  next: { state: "retrying" | "dead"; attempts: number; error: string; dueAt: Instant },
): Promise<void> {
  await tx.query(attempt, [parked, next.state, next.attempts, next.error, next.dueAt]);
}

/** A tenant's dead letter by id, with its events, the failed one first. */
export async function findDeadLetter(
  database: Database,
  tenant: string,
  id: string,
): Promise<{ letter: ParkedStream; events: AnySequencedEvent[] } | undefined> {
  const [letter] = await database.query<ParkedStream>(find, [id, tenant]);
  if (!letter) return undefined;
  const rows = await database.query<{ event: AnySequencedEvent }>(allEvents, [id]);
  return { letter, events: rows.map((row) => row.event) };
}

/** Locks a tenant's dead letter, with its failed event. */
export async function takeDeadLetter(
  tx: Tx,
  tenant: string,
  id: string,
): Promise<{ letter: ParkedStream; event: AnySequencedEvent } | undefined> {
  const [letter] = await tx.query<ParkedStream>(findForUpdate, [id, tenant]);
  if (!letter) return undefined;
  const [row] = await tx.query<{ event: AnySequencedEvent }>(firstEvent, [id]);
  return row && { letter, event: row.event };
}

/** A tenant's dead letters, newest first. */
export function listDeadLetters(
  database: Database,
  tenant: string,
  before: string | undefined,
  limit: number,
): Promise<ParkedStream[]> {
  return database.query(list, [tenant, before ?? null, limit]);
}

/** How many streams of the domain's subscriptions are parked. */
export async function parkedFigures(database: Database): Promise<{ retrying: number; dead: number }> {
  const [row] = await database.query<{ retrying: number; dead: number }>(figures);
  return row ?? { retrying: 0, dead: 0 };
}
