import type { Instant } from "../../platform/clock.ts";
import type { Shipment, ShipmentStatus } from "./contract.ts";
import type { ShipmentState } from "./shipment.ts";

export interface Row {
  id: string;
  tenant: string;
  order_id: string;
  status: ShipmentStatus;
  carrier: string | null;
  tracking_number: string | null;
  lines: ShipmentState["lines"];
  version: number;
}

export interface ReadRow extends Omit<Row, "tenant" | "version"> {
  lines: Shipment["lines"];
  created_at: Instant;
  updated_at: Instant;
  trail: { status: ShipmentStatus; detail: string | null; location: string | null; actor: string; at: string }[];
}

export function stateOf(row: Row): ShipmentState {
  return {
    ...{
      id: row.id,
      tenant: row.tenant,
      orderId: row.order_id,
      status: row.status,
      lines: row.lines,
      version: row.version,
    },
    ...(row.carrier !== null && { carrier: row.carrier }),
    ...(row.tracking_number !== null && { trackingNumber: row.tracking_number }),
  };
}

export function rowOf(state: ShipmentState): Row {
  return {
    ...{ id: state.id, tenant: state.tenant, order_id: state.orderId, status: state.status },
    ...{ carrier: state.carrier ?? null, tracking_number: state.trackingNumber ?? null },
    ...{ lines: state.lines, version: state.version },
  };
}

/** A shipment as callers see it. */
export function viewOf(row: ReadRow): Shipment {
  return {
    id: row.id,
    orderId: row.order_id,
    status: row.status,
    carrier: row.carrier,
    trackingNumber: row.tracking_number,
    lines: row.lines,
    events: row.trail.map(({ status, detail, location, actor, at }) => ({
      status,
      ...(detail !== null && { detail }),
      ...(location !== null && { location }),
      // Inside JSON PostgreSQL writes times with an offset.
      at: new Date(at).toISOString(),
      actor,
    })),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
