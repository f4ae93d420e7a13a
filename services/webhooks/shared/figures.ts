import { type Database, statement } from "../../../platform/database.ts";
import type { Figure } from "../../../platform/figure.ts";
import { scheduleOf } from "../sending/schedule.ts";

interface Counted {
  readonly waiting: number;
  readonly oldestSeconds: number;
  readonly well: number;
  readonly broken: number;
  readonly disabled: number;
}

// Counted no further than a number that says enough. What waits for an endpoint that nobody calls is not waiting for us.
const count = statement(
  "webhooks.figures",
  `with waiting as materialized (
     select d.created_at from endpoints e cross join lateral (
       select created_at from deliveries where endpoint_id = e.id and state = 'PENDING' limit 10000) d
     where e.enabled limit 10000)
   select
     (select count(*) from waiting)::int as waiting,
     (select coalesce(greatest(0, extract(epoch from clock_timestamp() - min(created_at))), 0) from waiting)::float8
       as "oldestSeconds",
     count(*) filter (where enabled and failures < $1)::int as well,
     count(*) filter (where enabled and failures >= $1)::int as broken,
     count(*) filter (where disabled_reason in ('GONE', 'FAILING'))::int as disabled
   from endpoints where not removed`,
);

/** What waits to be sent, and how the endpoints are, of all tenants together. */
export async function webhookFigures({ database }: { readonly database: Database }): Promise<Figure[]> {
  const [counted] = await database.acrossTenants.query<Counted>(count, [scheduleOf(1).brokenAfter]);
  const { waiting, oldestSeconds, ...endpoints } = counted as Counted;
  return [
    { name: "waybill_webhooks_waiting", help: "Deliveries that wait for endpoints that are called.", value: waiting },
    {
      name: "waybill_webhooks_waiting_seconds",
      help: "How long the oldest of them has waited.",
      value: oldestSeconds,
    },
    ...Object.entries(endpoints).map(([state, value]) => ({
      name: "waybill_webhooks_endpoints",
      help: "Endpoints that are well, that fail again and again, and that were disabled because they do.",
      labels: { state },
      value,
    })),
  ];
}
