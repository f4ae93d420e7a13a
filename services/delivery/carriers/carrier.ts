import type { Instant } from "../../../platform/clock.ts";
import type { Tx } from "../../../platform/database.ts";
import type { DomainService } from "../../../platform/service.ts";
import type { Timer } from "../../../platform/timer.ts";
import type { Report } from "../shipment.ts";

/** What a carrier tells of parcels, and when it will tell more, as far as that is known. */
export interface Reports {
  readonly reports: readonly (Report & { readonly shipmentId: string })[];
  readonly nextAt: Instant | undefined;
}

/**
 * A carrier, as the domain sees it. What is handed over and what is reported goes through rows of the carrier's
 * adapter, written and taken in the domain's own transactions: no parcel without its shipment, no report lost or
 * told twice. An adapter that talks over a network does so between its rows and the carrier, outside them.
 */
export interface Carrier {
  readonly name: string;
  /** The number under which a parcel will be followed, from a range of ours; none when the carrier gives it later. */
  trackingNumber(shipmentId: string): string | undefined;
  /** Takes over the parcels of shipments that this transaction makes. */
  accept(tx: Tx, shipmentIds: readonly string[], now: Instant): Promise<void>;
  /** Reports nothing more of a parcel: somebody else says from here on where it is. */
  release(tx: Tx, shipmentId: string): Promise<void>;
  /** Takes the reports that are there, each once, as many as are wanted; those another node is at work on not. */
  takeReports(tx: Tx, now: Instant, limit: number): Promise<Reports>;
}

/** The delivery service, as its handlers see it. */
export interface DeliveryService extends DomainService {
  readonly carrier: Carrier;
  /** Writes down what the carrier reports; woken when there may be something. */
  readonly reports: Timer;
}
