import { type Database, statement, type Tx } from "../database.ts";
import { PARTITIONS } from "../ids.ts";
import type { Waiting } from "./parked-streams.ts";

/** How far a subscription has come in one partition. */
export interface Cursor {
  /** The last sequence that was dealt with. */
  readonly sequence: number;
  /** How often the cursor was set back. */
  readonly generation: number;
  /** Up to here a replay deals with the events of some tenants only; the others' are passed over. */
  readonly replayedUntil: number;
  /** Those tenants; `*` for all. */
  readonly replayedFor: readonly string[];
}

const COLUMNS = 'sequence, generation, replayed_until as "replayedUntil", replayed_for as "replayedFor"';
const NEW: Cursor = { sequence: 0, generation: 0, replayedUntil: 0, replayedFor: [] };

const find = statement(
  "subscription.position",
  `with made as (
     insert into subscription_cursors (subscription, partition, sequence) values ($1, $2, 0) on conflict do nothing)
   select ${COLUMNS} from subscription_cursors where subscription = $1 and partition = $2`,
);
const all = statement(
  "subscription.cursors",
  `select partition, ${COLUMNS} from subscription_cursors where subscription = $1`,
);
const advance = statement(
  "subscription.advance",
  `with moved as (
     update subscription_cursors c set sequence = s."to"
     from unnest($2::smallint[], $3::bigint[], $4::bigint[], $5::int[]) as s(partition, "from", "to", generation)
     where c.subscription = $1 and c.partition = s.partition and c.sequence = s."from" and c.generation = s.generation
     returning 1),
   parked as (
     select id, stream from parked_streams where subscription = $1 and stream = any($6) order by stream for update)
   select (select count(*) from moved)::int as moved,
     (select json_object_agg(p.stream, (select min(e.sequence) from parked_events e where e.parked = p.id)) from parked p) as parked`,
);
// A replay that begins before another one has ended deals with the events of both, also where that is more than was
// asked for: it does no harm. What the other one is about to pass over counts as dealt with.
const setBack = statement(
  "subscription.set_back",
  `update subscription_cursors c set sequence = least(c.sequence, $3), generation = c.generation + 1,
     replayed_for = case when c.sequence < c.replayed_until then array(select unnest(c.replayed_for) union select $2::text) else array[$2::text] end,
     replayed_until = greatest(c.sequence, c.replayed_until)
   where c.subscription = $1 and (c.sequence > $3
     or (c.replayed_until > greatest(c.sequence, $3) and not c.replayed_for && array['*', $2::text]))
   returning c.partition`,
);

/** A subscription's cursor in a partition, made on the first asking. */
export async function cursorOf(database: Database, subscription: string, partition: number): Promise<Cursor> {
  const [row] = await database.acrossTenants.query<Cursor>(find, [subscription, partition]);
  // The insert of this very statement is not visible to its select: a new cursor stands at the beginning.
  return row ?? NEW;
}

/** The cursors of a subscription in all partitions, by their number. */
export async function cursorsOf(database: Database, subscription: string): Promise<Cursor[]> {
  const rows = await database.acrossTenants.query<Cursor & { partition: number }>(all, [subscription]);
  const found = new Map(rows.map(({ partition, ...cursor }) => [partition, cursor]));
  return Array.from({ length: PARTITIONS }, (_, partition) => found.get(partition) ?? NEW);
}

/** The way of a cursor over the events of a batch. */
export interface Span {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly generation: number;
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
): Promise<{ moved: boolean; parked: Waiting }> {
  const columns = (["partition", "from", "to", "generation"] as const).map((column) =>
    spans.map((span) => span[column]),
  );
  const [row] = await tx.query<{ moved: number; parked: Record<string, number> | null }>(advance, [
    subscription,
    ...columns,
    streams,
  ]);
  return { moved: row?.moved === spans.length, parked: new Map(Object.entries(row?.parked ?? {})) };
}

/**
 * Sets a subscription's cursors back to a sequence, so that the events of a tenant (`*`: of all) after it are dealt
 * with again. A cursor that has not come so far stays. Answers how many were set back.
 */
export async function setCursorsBack(tx: Tx, subscription: string, tenant: string, to: number): Promise<number> {
  return (await tx.query(setBack, [subscription, tenant, to])).length;
}
