import type pg from "pg";

/** How many rows each table of the domains has: to see that something left no trace. */
export async function rowCounts(owner: pg.Client): Promise<Record<string, number>> {
  const { rows: tables } = await owner.query<{ name: string }>(
    // Revocations and keys of tokens, and where readers stand, are not written by the request that is looked at.
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema in ('orders', 'inventory', 'payments', 'delivery', 'catalog', 'notifications', 'webhooks')
       and table_type = 'BASE TABLE' and table_name not in ('subscription_cursors', 'event_log_unnumbered', 'event_log_runs')
     order by 1`,
  );
  const counts = tables
    .map(({ name }) => `select '${name}' as name, count(*)::int as count from ${name}`)
    .join(" union all ");
  const { rows } = await owner.query<{ name: string; count: number }>(counts);
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}
