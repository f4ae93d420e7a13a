import type { Instant } from "../../platform/clock.ts";
import { Clash, statement, type Tx } from "../../platform/database.ts";
import type { Reservation } from "./contract.ts";
import { type ReservationKey, type ReservationKind, type ReservationRow, reservationKey } from "./reservation.ts";

const RESERVATION = `r.tenant, r.reference, r.kind, r.status, r.lines, r.expires_at as "expiresAt"`;
// Lateral and limited, so that each key is looked up in the index whatever the planner knows of the table. As a plain
// join it was planned while the table was young and small, and read the whole of it for every set from then on.
const ofKind = (lock: "" | "for update") =>
  `select r.* from unnest($1::text[], $2::text[]) as k(tenant, reference) cross join lateral (
     select ${RESERVATION} from reservations r
     where r.tenant = k.tenant and r.reference = k.reference and r.kind = $3 limit 1 ${lock}) r`;

const findOfKind = statement("reservations.find", ofKind(""));
const lockOfKind = statement("reservations.lock", ofKind("for update"));
const findNamed = statement(
  "reservations.named",
  `select ${RESERVATION} from reservations r where tenant = $1 and reference = $2`,
);
const lockDue = statement(
  "reservations.due",
  `select ${RESERVATION} from reservations r where expires_at <= $1
   order by expires_at limit $2 for update skip locked`,
);
const insert = statement(
  "reservations.insert",
  `insert into reservations (tenant, reference, kind, status, lines, expires_at, created_at)
   select tenant, reference, kind, status, lines, "expiresAt", $2 from json_to_recordset($1) as r(
     tenant text, reference text, kind text, status text, lines jsonb, "expiresAt" timestamptz)
   order by tenant, reference
   on conflict do nothing returning 1`,
);
// An upsert for the same reason: it finds its rows by the key alone. None of them is ever new.
const end = statement(
  "reservations.end",
  `insert into reservations (tenant, reference, kind, status, lines, created_at)
   select tenant, reference, $3, $4, '[]', 'epoch' from unnest($1::text[], $2::text[]) as k(tenant, reference)
   on conflict (tenant, reference, kind) do update set status = excluded.status, expires_at = null`,
);

// Who must change reservations locks their rows first, then the stock; who makes new ones locks the stock first. A
// new row is waited for by its makers alone, so the two orders never meet.

/** The reservations of one kind under some references, by `reservationKey`. What is not there is left out. */
export async function findReservations(tx: Tx, kind: ReservationKind, keys: readonly ReservationKey[]) {
  return byKey(await tx.query<ReservationRow>(findOfKind, [...columns(keys), kind]));
}

/** As `findReservations`, and locks them until the transaction ends, all callers in the same order. */
export async function lockReservations(tx: Tx, kind: ReservationKind, keys: readonly ReservationKey[]) {
  return byKey(await tx.query<ReservationRow>(lockOfKind, [...columns(sorted(keys)), kind]));
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
  const inserted = await tx.query(insert, [JSON.stringify(rows), now]);
  if (inserted.length < rows.length) throw new Clash("a reference was used meanwhile");
}

/** Ends reservations that the transaction has locked. */
export async function endReservations(
  tx: Tx,
  kind: ReservationKind,
  rows: readonly ReservationKey[],
  status: Exclude<Reservation["status"], "HELD">,
): Promise<void> {
  if (rows.length > 0) await tx.query(end, [...columns(rows), kind, status]);
}

function columns(keys: readonly ReservationKey[]): [string[], string[]] {
  return [keys.map(({ tenant }) => tenant), keys.map(({ reference }) => reference)];
}

function sorted(keys: readonly ReservationKey[]): ReservationKey[] {
  const distinct = new Map(keys.map((key) => [reservationKey(key), key]));
  return [...distinct].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, key]) => key);
}

function byKey(rows: readonly ReservationRow[]): Map<string, ReservationRow> {
  return new Map(rows.map((row) => [reservationKey(row), row]));
}
