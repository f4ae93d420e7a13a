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

const parkedOf = statement(
  "parked_streams.of",
  `select p.stream, (select min(e.sequence) from parked_events e where e.parked = p.id) as first
   from parked_streams p where p.subscription = $1 and p.stream = any($2)`,
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
   join parked_streams p on p.subscription = $1 and p.stream = e.stream on conflict do nothing`,
);
const failAgain = statement(
  "parked_streams.fail_again",
  "update parked_streams set attempts = 1, error = $3, due_at = $4 where subscription = $1 and stream = $2",
);
const due = statement(
  "parked_streams.due",
  `select ${COLUMNS}, (select e.event from parked_events e where e.parked = p.id order by e.sequence limit 1) as event
   from parked_streams p where subscription = $1 and state = 'retrying' and due_at <= $2
   order by due_at limit 1 for update of p skip locked`,
);
const lockDue = statement(
  "parked_streams.lock_due",
  "select 1 from parked_streams where id = $1 and state = 'retrying' and attempts = $2 for update skip locked",
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
  `select ${COLUMNS} from parked_streams where id = $1 and ($2 = '*' or tenant = $2) and state = 'dead'`,
);
const findForUpdate = statement("parked_streams.find_for_update", `${find.text} for update`);
const list = statement(
  "parked_streams.list",
  `select ${COLUMNS} from parked_streams
   where ($1 = '*' or tenant = $1) and state = 'dead' and ($2::uuid is null or id < $2)
   order by id desc limit $3`,
);
const redriveAll = statement(
  "parked_streams.redrive_all",
  `update parked_streams set state = 'retrying', attempts = 0, due_at = $3
   where ($1 = '*' or tenant = $1) and ($2::text is null or subscription = $2) and state = 'dead' returning subscription`,
);
const counts = statement(
  "parked_streams.counts",
  `select subscription, count(*) filter (where state = 'retrying')::int as retrying,
     count(*) filter (where state = 'dead')::int as dead
   from parked_streams where ($1 = '*' or tenant = $1) group by subscription`,
);
const figures = statement(
  "parked_streams.figures",
  `select count(*) filter (where state = 'retrying')::int as retrying, count(*) filter (where state = 'dead')::int as dead
   from parked_streams`,
);

/**
 * Streams that are parked, each with the sequence of the event that it waits for. What comes behind that waits too;
 * what comes before it had its effect once, and comes again by a replay.
 */
export type Waiting = ReadonlyMap<string, number>;

/** Whether an event has to wait for its stream. */
export function hasToWait({ stream, sequence }: AnySequencedEvent, parked: Waiting): boolean {
  return sequence >= (parked.get(stream) ?? Number.POSITIVE_INFINITY);
}

/** Which of the streams are parked, without locking them. */
export async function parkedAmong(
  database: Database,
  subscription: string,
  streams: readonly string[],
): Promise<Waiting> {
  const rows = await database.acrossTenants.query<{ stream: string; first: number }>(parkedOf, [subscription, streams]);
  return new Map(rows.map(({ stream, first }) => [stream, first]));
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

/** Queues events with the one for which their stream is parked; one that waits there already is passed over. */
export async function queueEvents(tx: Tx, subscription: string, events: readonly AnySequencedEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => ({ stream: event.stream, sequence: event.sequence, event }));
  await tx.query(queue, [subscription, JSON.stringify(rows)]);
}

/**
 * An event that comes again by a replay has failed before the one for which its stream is parked: from now on the
 * stream waits for it. A dead letter stays one.
 */
export async function parkInFront(
  tx: Tx,
  subscription: string,
  event: AnySequencedEvent,
  error: string,
  dueAt: Instant,
): Promise<void> {
  await queueEvents(tx, subscription, [event]);
  await tx.query(failAgain, [subscription, event.stream, error, dueAt]);
}

/** A parked stream that is due, and its first event. */
export interface DueStream {
  readonly parked: ParkedStream;
  readonly event: AnySequencedEvent;
}

/** The parked stream that has been due for the longest. Streams that another node has locked are passed over. */
export async function findDue(database: Database, subscription: string, now: Instant): Promise<DueStream | undefined> {
  const [row] = await database.acrossTenants.query<ParkedStream & { event: AnySequencedEvent }>(due, [
    subscription,
    now,
  ]);
  if (!row) return undefined;
  const { event, ...parked } = row;
  return { parked, event };
}

/** Locks a parked stream if it is still as it was found: nobody has tried, settled or redriven it since. */
export async function lockAsFound(tx: Tx, { parked, event }: DueStream): Promise<boolean> {
  const [locked] = await tx.query(lockDue, [parked.id, parked.attempts]);
  if (!locked) return false;
  const [row] = await tx.query<{ event: AnySequencedEvent }>(firstEvent, [parked.id]);
  return row?.event.id === event.id;
}

/** When the next parked stream of a subscription is due. */
export async function nextDueAt(database: Database, subscription: string): Promise<Instant | undefined> {
  const [row] = await database.acrossTenants.query<{ due: Instant | null }>(nextDue, [subscription]);
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

/** A tenant's dead letter by id (`*`: any tenant's), with its events, the failed one first. */
export async function findDeadLetter(
  database: Database,
  tenant: string,
  id: string,
): Promise<{ letter: ParkedStream; events: AnySequencedEvent[] } | undefined> {
  const [letter] = await database.of(tenant).query<ParkedStream>(find, [id, tenant]);
  if (!letter) return undefined;
  const rows = await database.of(tenant).query<{ event: AnySequencedEvent }>(allEvents, [id]);
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
  return database.of(tenant).query(list, [tenant, before ?? null, limit]);
}

/** Gives a tenant's dead letters, of one subscription or of all, their attempts again. Answers whose they were, one by one. */
export async function redriveDeadLetters(
  tx: Tx,
  tenant: string,
  subscription: string | undefined,
  now: Instant,
): Promise<string[]> {
  const rows = await tx.query<{ subscription: string }>(redriveAll, [tenant, subscription ?? null, now]);
  return rows.map((row) => row.subscription);
}

/** How many of a tenant's streams are parked, by subscription. */
export async function parkedCounts(
  database: Database,
  tenant: string,
): Promise<Map<string, { retrying: number; dead: number }>> {
  const rows = await database
    .of(tenant)
    .query<{ subscription: string; retrying: number; dead: number }>(counts, [tenant]);
  return new Map(rows.map(({ subscription, ...parked }) => [subscription, parked]));
}

/** How many streams of the domain's subscriptions are parked. */
export async function parkedFigures(database: Database): Promise<{ retrying: number; dead: number }> {
  const [row] = await database.acrossTenants.query<{ retrying: number; dead: number }>(figures);
  return row ?? { retrying: 0, dead: 0 };
}
