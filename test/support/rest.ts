import type pg from "pg";

/** Whether every order is at its end, paid or not charged, and nothing waits anywhere; for an owner's connection. */
export async function isAtRest(owner: pg.Client): Promise<boolean> {
  const { rows } = await owner.query(`select
    (select count(*)::int from orders.orders where status not in ('DELIVERED', 'CANCELLED')
       or state -> 'payment' ->> 'status' not in ('CAPTURED', 'VOIDED', 'DECLINED', 'NONE')) as open,
    (select count(*)::int from orders.processes) as troubles,
    (select count(*)::int from inventory.reservations where status = 'HELD') as held,
    (select count(*)::int from orders.parked_streams) + (select count(*)::int from delivery.parked_streams)
      + (select count(*)::int from inventory.parked_streams) + (select count(*)::int from notifications.parked_streams) as parked,
    (select count(*)::int from orders.event_log_unnumbered) + (select count(*)::int from payments.event_log_unnumbered)
      + (select count(*)::int from delivery.event_log_unnumbered) + (select count(*)::int from inventory.event_log_unnumbered)
      as unnumbered`);
  return Object.values(rows[0]).every((count) => count === 0);
}
