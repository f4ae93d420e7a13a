import type { Instant } from "../../platform/clock.ts";
import type { LineQuantity } from "../../platform/schema.ts";
import type { Reservation } from "./contract.ts";
import type { Movement } from "./stock.ts";

/** Whose reference it is: an order's id, or a name that a client chose. */
export type ReservationKind = "order" | "direct";

export interface ReservationKey {
  readonly tenant: string;
  readonly reference: string;
}

/** A hold on stock as it is kept. */
export interface ReservationRow extends ReservationKey {
  readonly kind: ReservationKind;
  readonly status: Reservation["status"];
  readonly lines: readonly LineQuantity[];
  readonly expiresAt: Instant | null;
}

/** A text that stands for a tenant's reference; a tenant's name has no slash. */
export function reservationKey({ tenant, reference }: ReservationKey): string {
  return `${tenant}/${reference}`;
}

export function reservationView({ reference, status, lines, expiresAt }: ReservationRow): Reservation {
  return { reference, status, items: [...lines], ...(status === "HELD" && expiresAt && { expiresAt }) };
}

/** Whether a hold's time is over, though nobody may have released it yet. */
export function hasExpired({ expiresAt }: ReservationRow, now: Instant): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= Date.parse(now);
}

/**
 * What becomes of the stock when a reservation begins or ends: RESERVED takes from what is available, RELEASED gives
 * it back, and with COMMITTED it has left the house.
 */
export function movementsOf(
  type: "RESERVED" | "RELEASED" | "COMMITTED",
  { tenant, reference, lines }: Pick<ReservationRow, "tenant" | "reference" | "lines">,
  actor: string,
  reason?: string,
): Movement[] {
  return lines.map(({ sku, quantity }) => ({
    tenant,
    sku,
    type,
    onHandChange: type === "COMMITTED" ? -quantity : 0,
    reservedChange: type === "RESERVED" ? quantity : -quantity,
    reference,
    ...(reason !== undefined && { reason }),
    actor,
  }));
}
