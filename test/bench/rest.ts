import type pg from "pg";
import { TENANT } from "./shop.ts";

/**
 * Whether every order that was placed after another one is at its end, paid or not charged, and nothing waits anywhere.
 * It reads these orders alone, however many there were before.
 *
 * @param after the id of an order
 */
export async function isAtRest(owner: pg.Client, after: string): Promise<boolean> {
  const { rows } = await owner.query<Record<string, number>>({
    name: "rest",
    text: `select
      (select count(*)::int from orders.orders where tenant = $1 and id > $2 and (status not in ('DELIVERED', 'CANCELLED')
         or state -> 'payment' ->> 'status' not in ('CAPTURED', 'VOIDED', 'DECLINED', 'NONE'))) as open,
      (select count(*)::int from orders.processes) as troubles,
      (select count(*)::int from inventory.reservations
        where tenant = $1 and reference > $2::text and status = 'HELD') as held,
      (select count(*)::int from orders.parked_streams) + (select count(*)::int from delivery.parked_streams)
        + (select count(*)::int from inventory.parked_streams) + (select count(*)::int from notifications.parked_streams)
        as parked,
      (select count(*)::int from orders.event_log_unnumbered) + (select count(*)::int from payments.event_log_unnumbered)
        + (select count(*)::int from delivery.event_log_unnumbered)
        + (select count(*)::int from inventory.event_log_unnumbered) as unnumbered`,
    values: [TENANT, after],
  });
  return Object.values(rows[0] ?? {}).every((count) => count === 0);
}
