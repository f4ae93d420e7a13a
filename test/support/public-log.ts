import type pg from "pg";

/** The types that a live feed tells of: `api.md`, Live. */
export const FEED_TYPES: readonly string[] = [
  "placed",
  "stock_reserved",
  "payment_authorised",
  "confirmed",
  "processing",
  "address_changed",
  "shipped",
  "payment_captured",
  "delivered",
  "returned",
  "refunded",
  "cancelled",
].map((name) => `orders.${name}.v1`);

/** What a tenant's live feed has to tell from the beginning: the ids of the events, in the order of the log. */
export async function publicLog(owner: pg.Client, tenant = "demo", order?: string): Promise<string[]> {
  const { rows } = await owner.query<{ id: string }>(
    `select l.id from orders.event_log l join orders.event_log_numbers n using (position)
     where l.tenant = $1 and l.type = any($2) and ($3::uuid is null or l.stream = $3) order by n.sequence`,
    [tenant, FEED_TYPES, order ?? null],
  );
  return rows.map((row) => row.id);
}

/** Whether all orders are at their end and all their events are numbered, so that a feed has nothing more to tell. */
export async function isQuiet(owner: pg.Client): Promise<boolean> {
  const { rows } = await owner.query<{ busy: number }>(`select
    (select count(*) from orders.orders where status not in ('DELIVERED', 'CANCELLED', 'RETURNED')
       or (status = 'DELIVERED' and state -> 'payment' ->> 'status' not in ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED')))::int
    + (select count(*) from orders.event_log_unnumbered)::int as busy`);
  return rows[0]?.busy === 0;
}
