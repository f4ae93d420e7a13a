import type { Instant } from "../../platform/clock.ts";
import type { Events } from "../../platform/contracts.ts";
import type { EventMeta, LoggedEvent, NewEvent } from "../../platform/event-log.ts";
import { illegalOrderStatus, type OrderStatus, type PaymentState } from "./contract.ts";

/** The events of an order, by type. */
export type OrderEventType = Extract<keyof Events, `orders.${string}`>;
/** A decision: an event without its place in the stream. */
export type OrderEvent = { [T in OrderEventType]: { readonly type: T; readonly data: Events[T] } }[OrderEventType];

/** What was bought, frozen when the order was placed. */
export type PlacedData = Events["orders.placed.v1"];

export interface ShipmentOfOrder {
  readonly id: string;
  readonly status: "PROCESSING" | "SHIPPED" | "DELIVERED" | "FAILED" | "RETURNED" | "CANCELLED";
  readonly carrier?: string;
  readonly trackingNumber?: string;
  /** The version of delivery's last event that the order has followed. */
  readonly version: number;
}

/** Why an order is given up. From the decision on no answer of the order process counts any more. */
export interface Cancellation {
  readonly code: string;
  readonly message?: string;
  readonly by: string;
  readonly at: Instant;
}

export interface OrderState {
  readonly id: string;
  readonly tenant: string;
  readonly status: OrderStatus;
  readonly placed: PlacedData;
  readonly stockReserved: boolean;
  readonly payment: {
    readonly id?: string;
    readonly status: PaymentState;
    readonly authorised: number;
    readonly captured: number;
    readonly refunded: number;
    readonly declineCode?: string;
    /** When the provider lets go of the money. */
    readonly authorisedUntil?: Instant;
    /** The version of payments' last event that the order has followed: only refunds are followed. */
    readonly version?: number;
  };
  readonly shipments: readonly ShipmentOfOrder[];
  readonly attention?: string;
  /** Decided; the order is CANCELLED once everything is undone. */
  readonly cancelling?: Cancellation;
  readonly cancellation?: Cancellation;
  /** Steps of the process that an operator vouched for. */
  readonly skipped: readonly string[];
  /** How often an operator had a step tried again that had failed for good: each is an operation of its own. */
  readonly retries: number;
  /** Counts the events that callers see. */
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** What can be asked of an order, or has become known about it. */
export type OrderCommand =
  | { readonly kind: "reservation-answered"; readonly status: "HELD" | "OUT_OF_STOCK" | "RELEASED" }
  | {
      readonly kind: "authorisation-answered";
      readonly status: "AUTHORISED" | "DECLINED" | "UNKNOWN" | "REQUIRES_ACTION" | "VOIDED";
      readonly paymentId: string;
      readonly operationId: string;
      readonly declineCode?: string;
      readonly authorisedUntil?: Instant;
    }
  | {
      readonly kind: "capture-answered";
      readonly status: "CAPTURED" | "CAPTURE_FAILED";
      readonly paymentId: string;
      readonly shipmentId: string;
      readonly operationId: string;
      readonly code?: string;
    }
  | { readonly kind: "compensated"; readonly payment: PaymentState }
  | { readonly kind: "refunded"; readonly refund: RefundFact }
  | { readonly kind: "give-up"; readonly code: string; readonly by: string; readonly message?: string }
  | { readonly kind: "retry-step"; readonly step: string }
  | { readonly kind: "skip-step"; readonly step: string; readonly reason?: string }
  | { readonly kind: "shipment-moved"; readonly status: ShipmentOfOrder["status"]; readonly shipment: ShipmentFact };

/** What delivery says of a shipment. */
export interface ShipmentFact {
  readonly shipmentId: string;
  /** The version of the event in the shipment's stream. */
  readonly version: number;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  readonly carrier?: string;
  readonly trackingNumber?: string;
  readonly code?: string;
  readonly by?: string;
  readonly message?: string;
}

/** What payments says of a refund. */
export interface RefundFact {
  readonly paymentId: string;
  /** The version of the event in the payment's stream. */
  readonly paymentVersion: number;
  readonly operationId: string;
  readonly amount: number;
  readonly currency: string;
}

/** The SKUs and quantities of an order, as inventory and delivery take them. */
export function linesOf(placed: PlacedData): { sku: string; quantity: number }[] {
  return placed.lines.map(({ sku, quantity }) => ({ sku, quantity }));
}

/** Whether the shipment can no longer be held back. */
export function hasLeft(state: OrderState): boolean {
  return state.status === "SHIPPED" || state.status === "DELIVERED" || state.status === "RETURNED";
}

/** What a command makes happen. Throws ILLEGAL_TRANSITION where it cannot. */
export function decide(command: OrderCommand, state: OrderState): OrderEvent[] {
  switch (command.kind) {
    case "reservation-answered":
      return decideReservation(command.status, state);
    case "authorisation-answered":
      return decideAuthorisation(command, state);
    case "capture-answered":
      return decideCapture(command, state);
    case "compensated":
      return decideCompensated(command.payment, state);
    case "refunded":
      return decideRefund(command.refund, state);
    case "give-up":
      if (hasLeft(state)) throw illegal(state, "cancelled");
      if (state.cancelling || state.cancellation) return [];
      return [givenUp(command)];
    case "retry-step":
      // Only a failure for good stands in the way of another attempt.
      if (state.payment.status !== "CAPTURE_FAILED" || command.step !== "capture") return [];
      return [{ type: "orders.step_retried.v1", data: { step: command.step } }];
    case "skip-step":
      return [{ type: "orders.step_skipped.v1", data: { step: command.step, ...optional("reason", command.reason) } }];
    case "shipment-moved":
      return decideShipment(command.status, command.shipment, state);
    default:
      return impossible(command);
  }
}

function decideReservation(status: "HELD" | "OUT_OF_STOCK" | "RELEASED", state: OrderState): OrderEvent[] {
  assertRunning(state, "reserved");
  if (state.stockReserved) throw illegal(state, "reserved twice");
  if (status !== "HELD") return [givenUp({ code: "OUT_OF_STOCK", by: "waybill" })];
  const lines = linesOf(state.placed);
  const reserved: OrderEvent = { type: "orders.stock_reserved.v1", data: { lines } };
  // Nothing to pay: nothing to wait for.
  return state.placed.total === 0 ? [reserved, confirmed(state)] : [reserved];
}

function decideAuthorisation(
  command: Extract<OrderCommand, { kind: "authorisation-answered" }>,
  state: OrderState,
): OrderEvent[] {
  assertRunning(state, "authorised");
  const { paymentId, operationId, status } = command;
  switch (status) {
    case "AUTHORISED": {
      const { total: amount, currency } = state.placed;
      const until = optional("authorisedUntil", command.authorisedUntil);
      return [
        { type: "orders.payment_authorised.v1", data: { paymentId, operationId, amount, currency, ...until } },
        confirmed(state),
      ];
    }
    case "DECLINED":
    case "VOIDED": {
      const declineCode = command.declineCode ?? status.toLowerCase();
      const decision = givenUp({ code: "PAYMENT_DECLINED", by: "waybill" });
      return [{ ...decision, data: { ...decision.data, paymentId, declineCode } }];
    }
    case "UNKNOWN":
    case "REQUIRES_ACTION":
      return state.payment.status === status
        ? []
        : [{ type: "orders.payment_pending.v1", data: { paymentId, status } }];
    default:
      return impossible(status);
  }
}

function decideCapture(command: Extract<OrderCommand, { kind: "capture-answered" }>, state: OrderState): OrderEvent[] {
  const { paymentId, shipmentId, operationId } = command;
  if (!hasLeft(state) || state.payment.captured > 0) throw illegal(state, "captured");
  if (command.status === "CAPTURE_FAILED") {
    if (state.payment.status === "CAPTURE_FAILED") return [];
    return [{ type: "orders.capture_failed.v1", data: { paymentId, shipmentId, code: command.code ?? "unknown" } }];
  }
  const { total: amount, currency } = state.placed;
  return [{ type: "orders.payment_captured.v1", data: { paymentId, shipmentId, operationId, amount, currency } }];
}

function decideCompensated(payment: PaymentState, state: OrderState): OrderEvent[] {
  if (!state.cancelling || state.status === "CANCELLED") throw illegal(state, "cancelled");
  const { code, by, message } = state.cancelling;
  return [{ type: "orders.cancelled.v1", data: { code, by, ...optional("message", message), payment } }];
}

function decideRefund(refund: RefundFact, state: OrderState): OrderEvent[] {
  const { paymentId, paymentVersion, operationId, amount, currency } = refund;
  const { version = 0, captured, refunded: before } = state.payment;
  // Followed already: it is told a second time.
  if (paymentVersion <= version) return [];
  const refunded = before + amount;
  // The news of the capture is on its way. An order that was given up hears of none.
  if (refunded > captured && state.status !== "CANCELLED") throw illegal(state, "refunded before it is paid");
  return [{ type: "orders.refunded.v1", data: { paymentId, paymentVersion, operationId, amount, currency, refunded } }];
}

function decideShipment(status: ShipmentOfOrder["status"], shipment: ShipmentFact, state: OrderState): OrderEvent[] {
  const { shipmentId, version: shipmentVersion } = shipment;
  const known = state.shipments.find((one) => one.id === shipmentId);
  // Followed already: delivery's events are being replayed.
  if (known && shipmentVersion <= known.version) return [];
  const ref = { shipmentId, shipmentVersion };
  const fact = {
    ...ref,
    lines: [...shipment.lines],
    ...optional("carrier", shipment.carrier),
    ...optional("trackingNumber", shipment.trackingNumber),
  };
  const givenUpAlready = state.cancelling !== undefined || state.status === "CANCELLED";
  switch (status) {
    case "PROCESSING":
      // The cancel overtook the news of a shipment that delivery has cancelled since.
      if (givenUpAlready) return [];
      if (state.status !== "PENDING_SHIPMENT") throw illegal(state, "processing");
      return [{ type: "orders.processing.v1", data: fact }];
    case "CANCELLED":
      if (givenUpAlready) return [];
      if (state.status !== "PENDING_SHIPMENT") throw illegal(state, "cancelled");
      return [givenUp({ code: shipment.code ?? "OPERATOR", by: shipment.by ?? "delivery", message: shipment.message })];
    case "SHIPPED":
      if (state.status === "SHIPPED" && known?.status === "FAILED") {
        return [{ type: "orders.attention_cleared.v1", data: ref }];
      }
      if (state.status !== "PENDING_SHIPMENT" || givenUpAlready) throw illegal(state, "shipped");
      return [{ type: "orders.shipped.v1", data: fact }];
    case "DELIVERED":
      if (state.status !== "SHIPPED") throw illegal(state, "delivered");
      return [{ type: "orders.delivered.v1", data: ref }];
    case "FAILED":
      if (state.status !== "SHIPPED") throw illegal(state, "failed");
      return [{ type: "orders.attention_raised.v1", data: { ...ref, attention: "DELIVERY_FAILED" } }];
    case "RETURNED":
      if (state.status !== "SHIPPED") throw illegal(state, "returned");
      return [{ type: "orders.returned.v1", data: ref }];
    default:
      return impossible(status);
  }
}

function assertRunning(state: OrderState, what: string): void {
  if (state.status !== "PENDING" || state.cancelling) throw illegal(state, what);
}

function confirmed(state: OrderState): OrderEvent {
  const { total, currency } = state.placed;
  return { type: "orders.confirmed.v1", data: { lines: linesOf(state.placed), total, currency } };
}

function givenUp(why: { code: string; by: string; message?: string | undefined }) {
  const data = { code: why.code, by: why.by, ...optional("message", why.message) };
  return { type: "orders.cancellation_decided.v1", data } satisfies OrderEvent;
}

/** The state of an order that an `orders.placed.v1` begins. */
export function begin(id: string, tenant: string, placed: PlacedData, at: Instant): OrderState {
  return {
    id,
    tenant,
    status: "PENDING",
    placed,
    stockReserved: false,
    payment: { status: placed.total === 0 ? "NONE" : "PENDING", authorised: 0, captured: 0, refunded: 0 },
    shipments: [],
    skipped: [],
    retries: 0,
    version: 1,
    createdAt: at,
    updatedAt: at,
  };
}

/** The state after an event. */
export function evolve(state: OrderState, event: OrderEvent, at: Instant): OrderState {
  const internal = isInternal(event.type);
  const next = { ...state, version: internal ? state.version : state.version + 1, updatedAt: at };
  switch (event.type) {
    case "orders.placed.v1":
      return begin(state.id, state.tenant, event.data, at);
    case "orders.stock_reserved.v1":
      return { ...next, stockReserved: true };
    case "orders.payment_pending.v1":
      return { ...next, payment: { ...state.payment, id: event.data.paymentId, status: event.data.status } };
    case "orders.payment_authorised.v1": {
      const { paymentId: id, amount: authorised, authorisedUntil } = event.data;
      const until = optional("authorisedUntil", authorisedUntil);
      return { ...next, payment: { ...state.payment, id, status: "AUTHORISED", authorised, ...until } };
    }
    case "orders.confirmed.v1":
      return { ...next, status: "PENDING_SHIPMENT" };
    case "orders.processing.v1":
      return { ...next, shipments: [...state.shipments, shipmentOf(event.data, "PROCESSING")] };
    case "orders.shipped.v1":
      return { ...next, status: "SHIPPED", shipments: withShipment(state, shipmentOf(event.data, "SHIPPED")) };
    case "orders.payment_captured.v1": {
      const { paymentId: id, amount } = event.data;
      const captured = state.payment.captured + amount;
      return { ...without("CAPTURE_FAILED", next), payment: { ...state.payment, id, status: "CAPTURED", captured } };
    }
    case "orders.capture_failed.v1": {
      const payment = { ...state.payment, id: event.data.paymentId, status: "CAPTURE_FAILED" as const };
      return { ...next, attention: "CAPTURE_FAILED", payment };
    }
    case "orders.delivered.v1":
      return {
        ...without("DELIVERY_FAILED", next),
        status: "DELIVERED",
        shipments: moved(state, event.data, "DELIVERED"),
      };
    case "orders.returned.v1":
      return {
        ...without("DELIVERY_FAILED", next),
        status: "RETURNED",
        shipments: moved(state, event.data, "RETURNED"),
      };
    case "orders.attention_raised.v1":
      return { ...next, attention: event.data.attention, shipments: moved(state, event.data, "FAILED") };
    case "orders.attention_cleared.v1":
      return { ...without("DELIVERY_FAILED", next), shipments: moved(state, event.data, "SHIPPED") };
    case "orders.refunded.v1": {
      const { paymentId: id, paymentVersion: version, refunded } = event.data;
      const status = refunded < state.payment.captured ? ("PARTIALLY_REFUNDED" as const) : ("REFUNDED" as const);
      return { ...next, payment: { ...state.payment, id, status, refunded, version } };
    }
    case "orders.cancellation_decided.v1": {
      const { code, by, message, paymentId, declineCode } = event.data;
      const payment = declineCode
        ? { ...state.payment, ...optional("id", paymentId), status: "DECLINED" as const, declineCode }
        : state.payment;
      return { ...next, payment, cancelling: { code, by, ...optional("message", message), at } };
    }
    case "orders.cancelled.v1": {
      const { code, by, message, payment: status } = event.data;
      return {
        ...next,
        status: "CANCELLED",
        payment: { ...state.payment, status },
        shipments: state.shipments.map((shipment) => ({ ...shipment, status: "CANCELLED" })),
        cancellation: { code, by, ...optional("message", message), at },
      };
    }
    case "orders.step_retried.v1":
      return {
        ...without("CAPTURE_FAILED", next),
        retries: state.retries + 1,
        payment: { ...state.payment, status: "AUTHORISED" },
      };
    case "orders.step_skipped.v1":
      return { ...next, skipped: [...state.skipped, event.data.step] };
    default:
      return impossible(event);
  }
}

/** The state that a stream's events lead to, as far as `wanted` goes along. */
export function replay(
  id: string,
  tenant: string,
  events: readonly LoggedEvent[],
  wanted: (state: OrderState, time: number) => boolean = () => true,
): OrderState | undefined {
  let state: OrderState | undefined;
  for (const event of events) {
    const next: OrderState = state
      ? evolve(state, event as unknown as OrderEvent, event.at)
      : begin(id, tenant, event.data as PlacedData, event.at);
    if (!wanted(next, Date.parse(event.at))) break;
    state = next;
  }
  return state;
}

const INTERNAL: ReadonlySet<OrderEventType> = new Set<OrderEventType>([
  "orders.cancellation_decided.v1",
  "orders.payment_pending.v1",
  "orders.capture_failed.v1",
  "orders.attention_raised.v1",
  "orders.attention_cleared.v1",
  "orders.step_retried.v1",
  "orders.step_skipped.v1",
]);

/** Whether an event is the owner's own: callers see neither it nor a gap in the versions where it stands. */
export function isInternal(type: OrderEventType): boolean {
  return INTERNAL.has(type);
}

/** An order and the version of the last event of its stream. */
export interface StoredOrder {
  readonly state: OrderState;
  readonly streamVersion: number;
}

/** Events on their way into the log, with the state they lead to. */
export interface OrderChange {
  readonly state: OrderState;
  /** The stream's version that the decision was made on. */
  readonly expected: number;
  readonly streamVersion: number;
  readonly events: readonly NewEvent<OrderEventType>[];
}

/** Puts decided events at the end of an order's stream. */
export function change(
  { state, streamVersion }: StoredOrder,
  events: readonly OrderEvent[],
  at: Instant,
  meta: EventMeta,
): OrderChange {
  // Two nodes' clocks differ; within an order time does not run backwards.
  const time = at < state.updatedAt ? state.updatedAt : at;
  let current = state;
  const placed = events.map((event, i): NewEvent<OrderEventType> => {
    current = evolve(current, event, time);
    return newEvent(current, streamVersion + i + 1, event, time, meta);
  });
  return { state: current, expected: streamVersion, streamVersion: streamVersion + events.length, events: placed };
}

/** An event in its place, with what the feeds need beside its data. `state` is the one after it. */
export function newEvent(
  state: OrderState,
  version: number,
  event: OrderEvent,
  at: Instant,
  meta: EventMeta,
): NewEvent<OrderEventType> {
  const { number, customerId } = state.placed;
  const feed = { number, version: state.version, ...optional("customer", customerId) };
  return {
    stream: state.id,
    version,
    type: event.type,
    tenant: state.tenant,
    data: event.data,
    meta: { ...meta, feed },
    at,
  };
}

function shipmentOf(fact: Events["orders.shipped.v1"], status: ShipmentOfOrder["status"]): ShipmentOfOrder {
  const { shipmentId: id, shipmentVersion: version, carrier, trackingNumber } = fact;
  return { id, status, version, ...optional("carrier", carrier), ...optional("trackingNumber", trackingNumber) };
}

function withShipment(state: OrderState, shipment: ShipmentOfOrder): ShipmentOfOrder[] {
  return [...state.shipments.filter((other) => other.id !== shipment.id), shipment];
}

function moved(
  state: OrderState,
  { shipmentId, shipmentVersion: version }: { shipmentId: string; shipmentVersion: number },
  status: ShipmentOfOrder["status"],
): ShipmentOfOrder[] {
  return state.shipments.map((shipment) => (shipment.id === shipmentId ? { ...shipment, status, version } : shipment));
}

function without(attention: string, state: OrderState): OrderState {
  if (state.attention !== attention) return state;
  const { attention: _, ...rest } = state;
  return rest;
}

function illegal(state: OrderState, what: string): Error {
  return illegalOrderStatus({ detail: `An order that is ${state.status} cannot be ${what}.` });
}

/** A member that is there only when it has a value: stored states and events have no undefined members. */
function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function impossible(value: never): never {
  throw new Error(`not foreseen: ${JSON.stringify(value)}`);
}
