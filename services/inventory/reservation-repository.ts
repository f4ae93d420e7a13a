import type { Instant } from "../../platform/clock.ts";
import { Clash, statement, type Tx } from "../../platform/database.ts";
import { Recordset } from "../../platform/recordset.ts";
import type { Reservation } from "./contract.ts";
import { type ReservationKey, type ReservationKind, type ReservationRow, reservationKey } from "./reservation.ts";

const RESERVATION = `r.tenant, r.reference, r.kind, r.status, r.lines, r.expires_at as "expiresAt"`;
// A reference may be a client's own words, which are JSON here.
const KEYS = new Recordset<ReservationKey>("tenant text, reference json");
// Lateral and limited, so that each key is looked up in the index whatever the planner knows of the table. As a plain
// join it was planned while the table was young and small, and read the whole of it for every set from then on.
const findOfKind = statement(
  "reservations.find",
  `select r.* from ${KEYS.from("k", 2)} cross join lateral (
     select ${RESERVATION} from reservations r
     where r.tenant = k.tenant and r.reference = k.reference #>> '{}' and r.kind = $1 limit 1) r`,
);
const findNamed = statement(
  "reservations.named",
  `select ${RESERVATION} from reservations r where tenant = $1 and reference = $2`,
);
const lockDue = statement(
  "reservations.due",
  `select ${RESERVATION} from reservations r where expires_at <= $1
   order by expires_at limit $2 for update skip locked`,
);
const ROWS = new Recordset<ReservationRow>(
  "tenant text, reference json, kind text, status text, lines jsonb, expiresAt timestamptz",
);
const insert = statement(
  "reservations.insert",
  `insert into reservations (tenant, reference, kind, status, lines, expires_at, created_at)
   select tenant, reference #>> '{}', kind, status, lines, "expiresAt", $1::timestamptz from ${ROWS.from("r", 2)}
   on conflict do nothing returning 1`,
);
// An upsert for the same reason: it finds its rows by the key alone, in the order given, which is the same for everybody.
// None of them is ever new.
const end = statement(
  "reservations.end",
  `insert into reservations (tenant, reference, kind, status, lines, created_at)
   select k.tenant, k.reference #>> '{}', $1, $2, '[]', 'epoch' from ${KEYS.from("k", 3)} cross join lateral (
     select from reservations r where r.tenant = k.tenant and r.reference = k.reference #>> '{}' and r.kind = $1 limit 1) r
   on conflict (tenant, reference, kind) do update set status = excluded.status, expires_at = null
   where reservations.status = 'HELD' returning tenant, reference, lines`,
);

// Who ends reservations locks their rows first, then the stock; who makes new ones locks the stock first, and does not
// try those that it sees. A new row is waited for by its makers alone, so the two orders do not meet, but for a row that
// is made and ended while its twin waits for the stock: then one of the two is rolled back and runs again.

/** The reservations of one kind under some references, by `reservationKey`. What is not there is left out. */
export async function findReservations(tx: Tx, kind: ReservationKind, keys: readonly ReservationKey[]) {
  if (keys.length === 0) return new Map<string, ReservationRow>();
  return byKey(await tx.query<ReservationRow>(findOfKind, [kind, ...KEYS.values(keys)]));
}

/** All that a reference of a tenant stands for: an order's hold, a direct one, or both. */
export function findByReference(tx: Tx, { tenant, reference }: ReservationKey): Promise<ReservationRow[]> {
  return tx.query<ReservationRow>(findNamed, [tenant, reference]);
}

/** Locks the holds whose time is over, apart from those that another node is releasing. */
export function lockExpired(tx: Tx, now: Instant, limit: number): Promise<ReservationRow[]> {
  return tx.query<ReservationRow>(lockDue, [now, limit]);
}

/** Adds reservations. Throws a {@link Clash} when somebody else has used one of the references meanwhile. */
export async function insertReservations(tx: Tx, rows: readonly ReservationRow[], now: Instant): Promise<void> {
  if (rows.length === 0) return;
  const inserted = await tx.query(insert, [now, ...ROWS.values(inOrder(rows))]);
  if (inserted.length < rows.length) throw new Clash("a reference was used meanwhile");
}

/** What a reservation held that has been ended. */
export type EndedHold = Pick<ReservationRow, "tenant" | "reference" | "lines">;

/** What became of reservations that were to be ended, by `reservationKey`. What is in neither was never there. */
export interface Ended {
  readonly held: ReadonlyMap<string, EndedHold>;
  /** Those that had ended before. */
  readonly before: ReadonlyMap<string, ReservationRow>;
}

/**
 * Ends those of some reservations that are HELD; they are locked from here on. Throws a {@link Clash} when one was made
 * after it was looked for.
 */
export async function endReservations(
  tx: Tx,
  kind: ReservationKind,
  keys: readonly ReservationKey[],
  status: Exclude<Reservation["status"], "HELD">,
): Promise<Ended> {
  if (keys.length === 0) return { held: new Map(), before: new Map() };
  const held = byKey(await tx.query<EndedHold>(end, [kind, status, ...KEYS.values(inOrder(keys))]));
  const others = keys.filter((key) => !held.has(reservationKey(key)));
  const before = await findReservations(tx, kind, others);
  if ([...before.values()].some((row) => row.status === "HELD")) throw new Clash("a reservation was made meanwhile");
  return { held, before };
}

/** In the order in which everybody locks reservations, each once. */
function inOrder<R extends ReservationKey>(rows: readonly R[]): R[] {
  const distinct = new Map(rows.map((row) => [reservationKey(row), row]));
  return [...distinct].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
}

function byKey<R extends ReservationKey>(rows: readonly R[]): Map<string, R> {
  return new Map(rows.map((row) => [reservationKey(row), row]));
}
