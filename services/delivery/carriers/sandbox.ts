import { after, type Instant } from "../../../platform/clock.ts";
import { statement, type Tx } from "../../../platform/database.ts";
import type { Carrier, Reports } from "./carrier.ts";

export interface SandboxCarrierOptions {
  /** It moves nothing by itself and waits for people to say what happened. */
  readonly manual: boolean;
  /** From taking a parcel over to collecting it, in ms; 0 is at once. */
  readonly pickupMs: number;
  /** From collecting a parcel to delivering it, in ms; 0 is at once. */
  readonly deliveryMs: number;
}

const accept = statement(
  "sandbox_carrier.accept",
  `insert into sandbox_parcels (shipment_id, report, due_at)
   select id, 'SHIPPED', $2::timestamptz from unnest($1::uuid[]) as id on conflict do nothing`,
);
const release = statement("sandbox_carrier.release", "delete from sandbox_parcels where shipment_id = $1");
const take = statement(
  "sandbox_carrier.take",
  `with due as (
     select shipment_id, report from sandbox_parcels where due_at <= $1 order by due_at limit $2 for update skip locked),
   delivered as (
     delete from sandbox_parcels p using due d where p.shipment_id = d.shipment_id and d.report = 'DELIVERED'),
   collected as (
     update sandbox_parcels p set report = 'DELIVERED', due_at = $3
     from due d where p.shipment_id = d.shipment_id and d.report = 'SHIPPED')
   select
     (select coalesce(json_agg(json_build_object('shipmentId', shipment_id, 'status', report)), '[]') from due) as reports,
     (select min(due_at) from sandbox_parcels where (shipment_id in (select shipment_id from due)) is not true) as next`,
);

/** A carrier to try things with: it collects a while after it was given a parcel, and delivers a while after that. */
export class SandboxCarrier implements Carrier {
  readonly name = "sandbox";
  readonly #options: SandboxCarrierOptions;

  constructor(options: SandboxCarrierOptions) {
    this.#options = options;
  }

  /** Fifteen digits of the shipment's random part: the same for a shipment whenever it is asked. */
  trackingNumber(shipmentId: string): string {
    return `SB${String(Number.parseInt(shipmentId.slice(-12), 16)).padStart(15, "0")}`;
  }

  async accept(tx: Tx, shipmentIds: readonly string[], now: Instant): Promise<void> {
    if (this.#options.manual || shipmentIds.length === 0) return;
    tx.send(accept, [shipmentIds, after(now, this.#options.pickupMs)]);
  }

  async release(tx: Tx, shipmentId: string): Promise<void> {
    tx.send(release, [shipmentId]);
  }

  async takeReports(tx: Tx, now: Instant, limit: number): Promise<Reports> {
    const delivery = after(now, this.#options.deliveryMs);
    const [row] = await tx.query<{ reports: Reports["reports"]; next: Instant | null }>(take, [now, limit, delivery]);
    const { reports, next } = row as NonNullable<typeof row>;
    const times = [next, reports.some(({ status }) => status === "SHIPPED") ? delivery : null];
    return { reports, nextAt: times.filter((time) => time !== null).sort()[0] };
  }
}
