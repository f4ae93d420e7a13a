import { type Database, statement } from "../../../platform/database.ts";
import type { Figure } from "../../../platform/figure.ts";
import { MEDIA, type MediumName } from "../contract.ts";

interface Counted {
  readonly medium: MediumName;
  readonly waiting: number;
  readonly oldestSeconds: number;
}

// Counted no further than a number that says enough, each medium by its part of the index of what is due.
const count = statement(
  "notifications.figures",
  `select m.medium, count(w.created_at)::int as waiting,
     coalesce(greatest(0, extract(epoch from clock_timestamp() - min(w.created_at))), 0)::float8 as "oldestSeconds"
   from unnest($1::text[]) as m(medium) left join lateral (
     select created_at from messages where medium = m.medium and state = 'PENDING' order by due_at limit 10000) w on true
   group by m.medium`,
);
const countDead = statement(
  "notifications.figures_dead",
  "select count(*)::int as dead from (select from messages where state = 'DEAD' limit 10000) capped",
);

/** What waits for each medium, and what was given up, of all tenants together. */
export async function messageFigures({ database }: { readonly database: Database }): Promise<Figure[]> {
  const [counted, [{ dead } = { dead: 0 }]] = await Promise.all([
    database.acrossTenants.query<Counted>(count, [MEDIA]),
    database.acrossTenants.query<{ dead: number }>(countDead),
  ]);
  return [
    ...counted.map(({ medium, waiting }) => ({
      name: "waybill_messages_waiting",
      help: "Messages that are not settled, by medium.",
      labels: { medium },
      value: waiting,
    })),
    ...counted.map(({ medium, oldestSeconds }) => ({
      name: "waybill_messages_waiting_seconds",
      help: "How long the oldest of them has waited.",
      labels: { medium },
      value: oldestSeconds,
    })),
    { name: "waybill_messages_dead", help: "Messages that were given up.", value: dead },
  ];
}
