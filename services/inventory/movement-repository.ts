import type { Instant } from "../../platform/clock.ts";
import { type Database, statement, type Tx } from "../../platform/database.ts";
import type { EventLog } from "../../platform/event-log.ts";
import { newId } from "../../platform/ids.ts";
import { Recordset } from "../../platform/recordset.ts";
import type { LineQuantity } from "../../platform/schema.ts";
import { reservationKey } from "./reservation.ts";
import {
  available,
  type Cause,
  inLockOrder,
  type Movement,
  move,
  type StockSum,
  type Stocks,
  stockKey,
  sumsOf,
} from "./stock.ts";

// What a caller has written, or may be called, is JSON: it may hold anything.
const MOVEMENTS = new Recordset<Movement & { readonly id: string }>(
  "tenant text, sku text, id uuid, type text, onHandChange int, reservedChange int, reference json, reason json, actor json",
);
/** Writes the entries of movements; their parameters begin at `first`, and the time is the parameter `at`. */
const recording = (first: number, at: number) =>
  `insert into stock_transactions (tenant, sku, id, type, on_hand_change, reserved_change, reference, reason, actor, at)
   select tenant, sku, id, type, "onHandChange", "reservedChange", reference #>> '{}', reason #>> '{}', actor #>> '{}', $${at}::timestamptz
   from ${MOVEMENTS.from("m", first)}`;

const SUMS = new Recordset<StockSum & { readonly events: number }>(
  "tenant text, sku text, onHand int, reserved int, events int",
);
// Both that follow lock the rows as `stock.lock` does, and write them by an upsert, which finds them by the key alone:
// none is ever new. Entries come after the lock, or their positions would not be in the order of their commits.
const WRITE = `insert into stock (tenant, sku, id, on_hand, reserved, version, event_version)
  select tenant, sku, id, on_hand, reserved, version, event_version`;
const UPDATED = `on conflict (tenant, sku) do update set on_hand = excluded.on_hand, reserved = excluded.reserved,
  version = excluded.version, event_version = excluded.event_version`;

// A conversion that fails is how a statement refuses by itself: nobody waits for its answer, so that others wait for
// these rows as short as can be.
const change = statement(
  "stock.change",
  `with locked as materialized (
     select s.tenant, s.sku, s.id, s.on_hand + k."onHand" as on_hand, s.reserved + k.reserved as reserved, s.version + 1 as version,
       s.event_version + k.events as event_version
     from ${SUMS.from("k", 3)} cross join lateral (
       select * from stock s where s.tenant = k.tenant and s.sku = k.sku limit 1 for update) s),
   changed as (${WRITE} from locked ${UPDATED} returning 1),
   recorded as (${recording(3 + SUMS.width, 2)} where exists (select from locked))
   select case count(*) when $1::int then 0 else ('moves stock that is not there: ' || count(*))::int end from changed`,
);

// One statement holds a set of orders, all of it or nothing, so that nobody waits for these rows longer than a commit
// takes. It leaves to others what has more to say: a SKU of which there is not enough, or will be too little, and an
// order that has its reservation: to insert that again would wait for whoever ends it, who waits for the stock.
const HOLDS = new Recordset<HeldOrder>("tenant text, reference text, lines jsonb");
const hold = statement(
  "stock.hold",
  `with locked as materialized (
     select s.tenant, s.sku, s.id, s.on_hand, s.reserved + k.reserved as reserved, s.version + 1 as version, s.event_version,
       s.on_hand - s.reserved as available, s.on_hand - s.reserved - k.reserved as remaining, s.low_stock_threshold as threshold
     from ${SUMS.from("k", 3)} cross join lateral (
       select * from stock s where s.tenant = k.tenant and s.sku = k.sku limit 1 for update) s),
   granted as (
     select 1 from locked having count(*) = $1::int
       and bool_and(remaining >= 0 and (remaining >= threshold or available < threshold))
       and not exists (
         select from ${HOLDS.from("h", 3 + SUMS.width)} cross join lateral (
           select from reservations r where r.tenant = h.tenant and r.reference = h.reference and r.kind = 'order' limit 1) r)),
   changed as (${WRITE} from locked where exists (select from granted) ${UPDATED}),
   recorded as (${recording(3 + SUMS.width + HOLDS.width, 2)} where exists (select from granted)),
   held as (
     insert into reservations (tenant, reference, kind, status, lines, created_at)
     select tenant, reference, 'order', 'HELD', lines, $2::timestamptz from ${HOLDS.from("h", 3 + SUMS.width)}
     where exists (select from granted))
   select from granted`,
);

/**
 * Moves stock that the transaction has locked: one update a SKU, one entry of the audit trail a movement, and an event
 * for each SKU of which there is not enough any more. Answers the rows as they are then; they are written by the commit.
 */
export function moveStock(
  tx: Tx,
  log: EventLog,
  stocks: Stocks,
  movements: readonly Movement[],
  { actor, correlationId, at }: Cause,
): Stocks {
  if (movements.length === 0) return stocks;
  const changes = move(stocks, movements);
  const rows = changes.map(({ after }) => after);
  const sums = changes.map(({ before, after }) => ({
    ...{ tenant: after.tenant, sku: after.sku, onHand: after.onHand - before.onHand },
    ...{ reserved: after.reserved - before.reserved, events: after.eventVersion - before.eventVersion },
  }));
  sendMovements(tx, sums, movements, at);
  const low = changes.filter(({ becameLow }) => becameLow);
  log.append(
    tx,
    low.map(({ after }) => ({
      stream: after.id,
      version: after.eventVersion,
      type: "inventory.low_stock.v1",
      tenant: after.tenant,
      data: { sku: after.sku, available: available(after), threshold: after.lowStockThreshold },
      meta: { actor, correlationId },
      at,
    })),
  );
  return new Map([...stocks, ...rows.map((row) => [stockKey(row), row] as const)]);
}

/**
 * Ends holds on stock, which needs no look at it: what is held is there, and no less is available afterwards. The stock
 * is locked from here on, so nothing should be waited for after it but the commit, which fails when there is no such
 * stock, or when less than that is reserved.
 */
export function endHolds(tx: Tx, movements: readonly Movement[], at: Instant): void {
  if (movements.length === 0) return;
  sendMovements(
    tx,
    sumsOf(movements).map((sum) => ({ ...sum, events: 0 })),
    movements,
    at,
  );
}

function sendMovements(
  tx: Tx,
  sums: readonly (StockSum & { readonly events: number })[],
  movements: readonly Movement[],
  at: Instant,
): void {
  tx.send(change, [sums.length, at, ...SUMS.values(sums), ...MOVEMENTS.values(entriesOf(movements))]);
}

function entriesOf(movements: readonly Movement[]) {
  return movements.map((movement) => ({ id: newId(), ...movement }));
}

/** An order and what it is to hold; each SKU once. */
export interface HeldOrder {
  readonly tenant: string;
  readonly reference: string;
  readonly lines: readonly LineQuantity[];
}

/**
 * Holds the stock of new orders as a transaction of its own, if all of it is to be had and no SKU's stock becomes low by
 * that. Answers whether it is held; if not, nothing is, and whoever looks at the stock under its lock can say why.
 */
export async function holdAll(
  database: Database,
  orders: readonly HeldOrder[],
  movements: readonly Movement[],
  at: Instant,
): Promise<boolean> {
  const sums = sumsOf(movements).map((sum) => ({ ...sum, events: 0 }));
  // Whoever makes reservations makes them in this order.
  const byReference = new Map(orders.map((order) => [reservationKey(order), order]));
  const sets = [
    ...SUMS.values(sums),
    ...HOLDS.values(inLockOrder(byReference)),
    ...MOVEMENTS.values(entriesOf(movements)),
  ];
  try {
    return (await database.acrossTenants.write(hold, [sums.length, at, ...sets])).length > 0;
  } catch (error) {
    // One of them has its reservation already, or has been released.
    if ((error as { constraint?: string }).constraint === "reservations_pkey") return false;
    throw error;
  }
}
