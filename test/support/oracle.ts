import type pg from "pg";

/** What a client was told: an order that was accepted. */
export interface Accepted {
  readonly id: string;
  readonly number: string;
  readonly key: string;
}

/**
 * Holds what clients were told against the database, whatever happened in between: no accepted order lost, none
 * doubled, nothing oversold, nobody charged twice, and all of it at its end. Answers every contradiction it finds;
 * none is what must come out.
 *
 * @param owner a connection that sees all schemas
 * @param accepted the journal of all 201 answers
 * @param initial what was on hand of each SKU at the beginning, as `tenant/sku`
 */
export async function contradictions(
  owner: pg.Client,
  accepted: readonly Accepted[],
  initial: ReadonlyMap<string, number>,
): Promise<string[]> {
  const found: string[] = [];
  const rows = async <R extends pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
    (await owner.query<R>(sql, values)).rows;
  const none = async (what: string, sql: string) => {
    for (const row of await rows(sql)) found.push(`${what}: ${JSON.stringify(row)}`);
  };

  const orders = new Map(
    (await rows<{ id: string; number: string; status: string }>("select id, number, status from orders.orders")).map(
      (row) => [row.id, row],
    ),
  );
  for (const { id, number } of accepted) {
    if (orders.get(id)?.number !== number) found.push(`accepted order ${number} (${id}) is not there`);
  }
  const byKey = new Map<string, string>();
  for (const { id, key } of accepted) {
    if (byKey.has(key) && byKey.get(key) !== id) found.push(`key ${key} made the orders ${byKey.get(key)} and ${id}`);
    byKey.set(key, id);
  }
  await none(
    // Which order an answer is of is sealed with it.
    "more keys than orders",
    `select keys, orders from (select count(*) as keys from orders.idempotency_keys where route = 'POST /orders') k,
      (select count(*) as orders from orders.orders) o where keys > orders`,
  );
  await none(
    "an order without its first event",
    `select id from orders.orders o
    where not exists (select from orders.event_log l where l.stream = o.id and l.version = 1 and l.type = 'orders.placed.v1')`,
  );
  await none(
    "an event without its order",
    `select stream from orders.event_log l
    where not exists (select from orders.orders o where o.id = l.stream)`,
  );
  await none(
    "a gap in a stream",
    `select stream, count(*), max(version) from orders.event_log group by stream having count(*) <> max(version)`,
  );
  await none(
    "an order that is not at its end",
    `select id, number, status from orders.orders where status not in ('DELIVERED', 'CANCELLED', 'RETURNED')`,
  );
  await none("a process in trouble", "select order_id, step, error from orders.processes");

  await none(
    "stock below nothing",
    "select tenant, sku, on_hand, reserved from inventory.stock where reserved < 0 or on_hand < 0 or reserved > on_hand",
  );
  const sold = await rows<{ tenant: string; sku: string; quantity: number }>(
    `select o.tenant, l ->> 'sku' as sku, sum((l ->> 'quantity')::int)::int as quantity
     from orders.orders o join orders.order_details d on d.order_id = o.id, jsonb_array_elements(d.placed -> 'lines') l
     where o.status in ('SHIPPED', 'DELIVERED', 'RETURNED') group by 1, 2`,
  );
  const gone = new Map(sold.map((row) => [`${row.tenant}/${row.sku}`, row.quantity]));
  const stock = await rows<{ tenant: string; sku: string; on_hand: number; reserved: number }>(
    "select tenant, sku, on_hand::int, reserved::int from inventory.stock",
  );
  for (const { tenant, sku, on_hand: onHand, reserved } of stock) {
    const name = `${tenant}/${sku}`;
    const before = initial.get(name);
    const left = (before ?? 0) - (gone.get(name) ?? 0);
    if (before !== undefined && onHand !== left)
      found.push(`${name}: ${before} on hand less ${gone.get(name) ?? 0} sold is not ${onHand}`);
    if (reserved !== 0) found.push(`${name}: ${reserved} still reserved though every order is at its end`);
  }
  await none(
    "a trail that does not add up",
    `select s.tenant, s.sku, s.reserved, sum(t.reserved_change) from inventory.stock s
    join inventory.stock_transactions t using (tenant, sku) group by s.tenant, s.sku, s.reserved having s.reserved <> sum(t.reserved_change)`,
  );

  await none(
    "more captured than authorised, or more refunded than captured",
    "select id, authorised, captured, refunded from payments.payments where captured > authorised or refunded > captured",
  );
  await none(
    "an order that has not heard of a refund",
    `select o.id, p.refunded from orders.orders o join payments.payments p on p.order_id = o.id
    where (o.state -> 'payment' ->> 'refunded')::bigint <> p.refunded`,
  );
  await none(
    "an operation done twice",
    "select operation_id, count(*) from payments.entries group by operation_id having count(*) > 1",
  );
  await none(
    "an order with two payments",
    "select order_id, count(*) from payments.payments group by order_id having count(*) > 1",
  );
  await none(
    "a delivered order that is not paid",
    `select o.id, p.captured from orders.orders o join orders.order_details d on d.order_id = o.id
    left join payments.payments p on p.order_id = o.id
    where o.status = 'DELIVERED' and (d.placed ->> 'total')::bigint > 0 and coalesce(p.captured, 0) <> (d.placed ->> 'total')::bigint`,
  );
  await none(
    "an order that knows its payment otherwise than it is",
    `select o.id, o.state -> 'payment' ->> 'status' as known, p.status
    from orders.orders o join payments.payments p on p.order_id = o.id
    where o.state -> 'payment' ->> 'status' <> p.status and not (o.state -> 'payment' ->> 'status' = 'NONE' and p.authorised = 0)`,
  );
  await none(
    "a cancelled order that was charged",
    `select o.id, p.status, p.captured from orders.orders o join payments.payments p on p.order_id = o.id
    where o.status = 'CANCELLED' and (p.captured > 0 or p.status not in ('VOIDED', 'DECLINED', 'NONE'))`,
  );
  await none(
    "an order with two shipments that left",
    `select order_id, count(*) from delivery.shipments
    where status in ('SHIPPED', 'DELIVERED', 'RETURNED') group by order_id having count(*) > 1`,
  );
  await none(
    "an order whose shipment says otherwise",
    `select o.id, o.status, s.status as shipment from orders.orders o join delivery.shipments s on s.order_id = o.id
    where (s.status, o.status) not in (('DELIVERED', 'DELIVERED'), ('CANCELLED', 'CANCELLED'), ('RETURNED', 'RETURNED'))`,
  );

  for (const domain of ["orders", "inventory", "payments", "delivery", "catalog"]) {
    await none(
      `${domain}: an event that was not numbered`,
      `select position from ${domain}.event_log l
      where not exists (select from ${domain}.event_log_numbers n where n.position = l.position)`,
    );
    await none(
      `${domain}: sequences with gaps or twins`,
      `select count(*), max(sequence) from ${domain}.event_log_numbers
      having count(*) <> coalesce(max(sequence), 0)`,
    );
    await none(
      `${domain}: a stream numbered out of order`,
      `select stream from (
      select l.stream, l.version, lag(l.version) over (partition by l.stream order by n.sequence) as before
      from ${domain}.event_log l join ${domain}.event_log_numbers n using (position)) s where version <> coalesce(before, 0) + 1`,
    );
  }
  for (const [reader, channel] of [
    ["orders", "orders"],
    ["orders", "delivery"],
    ["delivery", "orders"],
    ["inventory", "delivery"],
    ["notifications", "orders"],
    ["notifications", "webhooks"],
    ["webhooks", "orders"],
  ] as const) {
    await none(
      `${reader} has parked events of ${channel}`,
      `select stream, state, error from ${reader}.parked_streams where subscription = '${channel}'`,
    );
  }
  return found;
}

/** What is on hand of each SKU now, as the oracle wants it for the beginning. */
export async function onHand(owner: pg.Client): Promise<Map<string, number>> {
  const { rows } = await owner.query<{ tenant: string; sku: string; on_hand: number }>(
    "select tenant, sku, on_hand::int from inventory.stock",
  );
  return new Map(rows.map((row) => [`${row.tenant}/${row.sku}`, row.on_hand]));
}
