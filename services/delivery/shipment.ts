import type { Instant } from "../../platform/clock.ts";
import type { Events, EventType } from "../../platform/contracts.ts";
import type { LineQuantity } from "../../platform/schema.ts";
import type { ShipmentStatus } from "./contract.ts";

/** A parcel of an order. `version` counts its moves, the first of which made it. */
export interface ShipmentState {
  readonly id: string;
  readonly tenant: string;
  readonly orderId: string;
  readonly status: ShipmentStatus;
  readonly carrier?: string;
  readonly trackingNumber?: string;
  readonly lines: readonly LineQuantity[];
  readonly version: number;
}

/** Why a shipment was called off, and by whom. */
export interface Cancellation {
  readonly code: string;
  readonly by: string;
  readonly message?: string;
}

/** One step of a shipment's way. */
export type Move =
  | {
      readonly to: Exclude<ShipmentStatus, "CANCELLED">;
      readonly detail?: string;
      readonly location?: string;
      readonly trackingNumber?: string;
    }
  | {
      readonly to: "CANCELLED";
      readonly detail?: string;
      readonly location?: string;
      readonly cancellation: Cancellation;
    };

/** What a carrier tells of a parcel. */
export interface Report {
  readonly status: "SHIPPED" | "DELIVERED" | "FAILED" | "RETURNED";
  readonly detail?: string;
  readonly location?: string;
  readonly trackingNumber?: string;
}

export type Command =
  /** By hand: one legal step, or none when it is there already. */
  | { readonly type: "move"; readonly move: Move }
  /** By the carrier, who is right about where its parcel is: the steps it did not tell of are written as well. */
  | { readonly type: "report"; readonly report: Report }
  /** For a cancelled order: only what has not left. */
  | { readonly type: "cancel"; readonly cancellation: Cancellation };

/** The moves a command comes to; `illegal` when the shipment can not go there from where it is. */
export type Decision = readonly Move[] | "illegal";

const NEXT: { readonly [S in ShipmentStatus]: readonly ShipmentStatus[] } = {
  PROCESSING: ["SHIPPED", "CANCELLED"],
  SHIPPED: ["DELIVERED", "FAILED"],
  FAILED: ["SHIPPED", "RETURNED"],
  DELIVERED: [],
  RETURNED: [],
  CANCELLED: [],
};

export function decide(command: Command, status: ShipmentStatus): Decision {
  switch (command.type) {
    case "move":
      if (command.move.to === status) return [];
      return NEXT[status].includes(command.move.to) ? [command.move] : "illegal";
    case "report": {
      const { status: to, detail, location, trackingNumber } = command.report;
      // Early steps take the number alone; what the carrier says is about the last one. No way there: it is late news.
      const number = trackingNumber !== undefined && { trackingNumber };
      const last = { ...(detail !== undefined && { detail }), ...(location !== undefined && { location }), ...number };
      const steps = way(status, to);
      return steps.map((step, i): Move => ({ to: step, ...(i === steps.length - 1 ? last : number) }));
    }
    case "cancel":
      if (status === "CANCELLED") return [];
      return status === "PROCESSING" ? [{ to: "CANCELLED", cancellation: command.cancellation }] : "illegal";
    default:
      return unreachable(command);
  }
}

/** The shortest way from one status to another by legal steps; empty when there is none. A carrier cancels nothing. */
function way(from: ShipmentStatus, to: Report["status"]): Report["status"][] {
  if (from === to) return [];
  let ways: Report["status"][][] = [[]];
  for (let length = 1; length <= 3; length++) {
    ways = ways.flatMap((so) =>
      NEXT[so.at(-1) ?? from].flatMap((next) => (next === "CANCELLED" || next === "PROCESSING" ? [] : [[...so, next]])),
    );
    const found = ways.find((one) => one.at(-1) === to);
    if (found) return found;
  }
  return [];
}

export function evolve(state: ShipmentState, move: Move): ShipmentState {
  const number = move.to !== "CANCELLED" &&
    move.trackingNumber !== undefined && { trackingNumber: move.trackingNumber };
  return { ...state, ...number, status: move.to, version: state.version + 1 };
}

type ShipmentEventType = Extract<EventType, `delivery.${string}`>;
export type ShipmentEvent = {
  [T in ShipmentEventType]: { readonly type: T; readonly data: Events[T] };
}[ShipmentEventType];

/** What others are told of a move; `state` is the shipment after it. */
export function eventOf(state: ShipmentState, move: Move): ShipmentEvent {
  const data = {
    shipmentId: state.id,
    orderId: state.orderId,
    lines: [...state.lines],
    ...(state.carrier !== undefined && { carrier: state.carrier }),
    ...(state.trackingNumber !== undefined && { trackingNumber: state.trackingNumber }),
  };
  const detail = move.detail !== undefined && { detail: move.detail };
  switch (move.to) {
    case "PROCESSING":
      return { type: "delivery.processing.v1", data };
    case "SHIPPED":
      return { type: "delivery.shipped.v1", data };
    case "DELIVERED":
      return { type: "delivery.delivered.v1", data };
    case "FAILED":
      return { type: "delivery.failed.v1", data: { ...data, ...detail } };
    case "RETURNED":
      return { type: "delivery.returned.v1", data: { ...data, ...detail } };
    case "CANCELLED":
      return { type: "delivery.cancelled.v1", data: { ...data, ...move.cancellation } };
    default:
      return unreachable(move);
  }
}

/** One entry of the trail. */
export interface TrailRow {
  readonly shipment_id: string;
  readonly status: ShipmentStatus;
  readonly detail?: string;
  readonly location?: string;
  readonly actor: string;
  readonly at: Instant;
}

/** What the trail keeps of a move. */
export function trailOf(state: ShipmentState, move: Move, actor: string, at: Instant): TrailRow {
  const detail = move.detail ?? (move.to === "CANCELLED" ? move.cancellation.message : undefined);
  return {
    ...{ shipment_id: state.id, status: move.to, actor, at },
    ...(detail !== undefined && { detail }),
    ...(move.location !== undefined && { location: move.location }),
  };
}

function unreachable(never: never): never {
  throw new Error(`not known: ${JSON.stringify(never)}`);
}
