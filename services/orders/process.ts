import { after, type Instant } from "../../platform/clock.ts";
import { hasLeft, type OrderState } from "./order.ts";

/**
 * What the order process has to do next for an order. Everything follows from the order's events: whichever node
 * asks, after whatever crash, gets the same answer, and every step is idempotent by its operation.
 */
export type Step =
  | { readonly step: "reserve" }
  | { readonly step: "authorise"; readonly operationId: string; readonly amount: number; readonly currency: string }
  | { readonly step: "capture"; readonly operationId: string; readonly amount: number; readonly shipmentId: string }
  | { readonly step: "compensate"; readonly operationId: string; readonly void: boolean };

/** The next step of an order; none when it waits for delivery, is at its end, or an operator must decide. */
export function nextStep(state: OrderState): Step | undefined {
  if (state.status === "CANCELLED") return undefined;
  if (state.cancelling) {
    // Stock is reserved before a payment is asked for, so without it there is nothing to void.
    const charged = state.stockReserved && state.placed.total > 0 && !state.skipped.includes("compensate");
    return { step: "compensate", operationId: `${state.id}:void`, void: charged };
  }
  if (state.status === "PENDING") {
    if (!state.stockReserved) return { step: "reserve" };
    const { total: amount, currency } = state.placed;
    return { step: "authorise", operationId: `${state.id}:authorise`, amount, currency };
  }
  const shipment = state.shipments.at(-1);
  if (hasLeft(state) && shipment && captureDue(state)) {
    const again = state.retries > 0 ? `:${state.retries + 1}` : "";
    const operationId = `${state.id}:capture:${shipment.id}${again}`;
    return { step: "capture", operationId, amount: state.payment.authorised, shipmentId: shipment.id };
  }
  return undefined;
}

/** A capture that failed for good is not tried again by itself: the process is stuck until an operator acts. */
function captureDue(state: OrderState): boolean {
  const { status, authorised, captured } = state.payment;
  return authorised > captured && status !== "CAPTURE_FAILED" && !state.skipped.includes("capture");
}

/** Attempts of one step after which a process counts as stuck. It is tried again all the same. */
export const STUCK_AFTER = 8;

/** The pause before the next attempt at a step, in ms: doubled each time up to five minutes, jittered by `random` in [0, 1). */
export function retryPause(attempts: number, random: number): number {
  return Math.min(300_000, 200 * 2 ** Math.min(attempts, 20)) * (0.5 + random / 2);
}

/** How long before the end of its authorisation an order that has not left is given up: a void must still be in time. */
const AUTHORISATION_MARGIN_MS = 12 * 3_600_000;

/** An order that has stood so long before a step of the process was forgotten: its event is a dead letter, or worse. */
export const FORGOTTEN_MS = 120_000;

/**
 * When somebody has to look at an order, unless something happens before: to give it up as long as it has not left, or,
 * when it stands before a step that nobody asks for, to ask. Never, when it waits for nothing.
 */
export function deadlineOf(state: OrderState): Instant | undefined {
  if (state.status === "PENDING" && !state.cancelling) return state.placed.deadlineAt;
  if (nextStep(state)) return after(state.updatedAt, FORGOTTEN_MS);
  const until = state.payment.authorisedUntil;
  if (state.status === "PENDING_SHIPMENT" && until) return after(until, -AUTHORISATION_MARGIN_MS);
  return undefined;
}
