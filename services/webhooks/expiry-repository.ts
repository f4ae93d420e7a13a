import type { Instant } from "../../platform/clock.ts";
import { type AcrossTenants, statement } from "../../platform/database.ts";

const removeDeliveries = statement(
  "deliveries.remove_old",
  `with old as (
     select d.endpoint_id, d.id from endpoints e cross join lateral (
       select endpoint_id, id from deliveries where endpoint_id = e.id and (id < $1 or e.removed) order by id limit $2) d
     limit $2),
   gone as (
     delete from deliveries d using old o where d.endpoint_id = o.endpoint_id and d.id = o.id returning d.id),
   forgotten as (
     delete from attempts a using gone g where a.delivery_id = g.id)
   select count(*)::int as count from gone`,
);
const removeEndpoints = statement(
  "endpoints.remove_empty",
  `delete from endpoints e where e.removed and not exists (select from deliveries d where d.endpoint_id = e.id)`,
);
const removePayloads = statement(
  "payloads.remove_old",
  `with gone as (
     delete from payloads where event_id in (select event_id from payloads where recorded_at < $1 order by recorded_at limit $2)
     returning 1)
   select count(*)::int as count from gone`,
);

/** Removes deliveries below an id, and those of endpoints that are removed, at most so many. Answers how many. */
export async function removeOldDeliveries(database: AcrossTenants, below: string, limit: number): Promise<number> {
  const [row] = await database.write<{ count: number }>(removeDeliveries, [below, limit]);
  return row?.count ?? 0;
}

/** Removes the endpoints that are removed and have no history any more. */
export async function removeEmptyEndpoints(database: AcrossTenants): Promise<void> {
  await database.write(removeEndpoints, []);
}

/** Removes what was sent before a time, at most so many. Answers how many. */
export async function removeOldPayloads(database: AcrossTenants, before: Instant, limit: number): Promise<number> {
  const [row] = await database.write<{ count: number }>(removePayloads, [before, limit]);
  return row?.count ?? 0;
}
