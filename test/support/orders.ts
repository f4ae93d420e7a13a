import {
  begin,
  change,
  decide,
  type OrderCommand,
  type OrderEvent,
  type OrderState,
  type PlacedData,
  type StoredOrder,
} from "../../services/orders/order.ts";

export const ORDER = "01900000-0000-7000-8000-000000000001";
export const PAYMENT = "01900000-0000-7000-8000-000000000002";
export const SHIPMENT = "01900000-0000-7000-8000-000000000003";
export const NOON = "2026-11-21T12:00:00.000Z";

/** What was bought: two lines of 10.00 EUR in all with 19 % tax and no shipping, unless said otherwise. */
export function placedData(overrides: Partial<PlacedData> = {}): PlacedData {
  const line = {
    productVersion: 1,
    quantity: 1,
    unitPrice: 500,
    net: 500,
    taxRate: 1900,
    taxIncluded: false,
    tax: 95,
    total: 595,
  };
  return {
    number: "W0000001",
    currency: "EUR",
    country: "DE",
    lines: [
      { ...line, id: "01900000-0000-7000-8000-00000000000a", productId: ORDER, sku: "A", name: "A thing" },
      { ...line, id: "01900000-0000-7000-8000-00000000000b", productId: ORDER, sku: "B", name: "Another" },
    ],
    shipping: { net: 0, taxRate: 1900, tax: 0, total: 0 },
    subtotal: 1000,
    tax: 190,
    total: 1190,
    deadlineAt: "2026-11-21T12:15:00.000Z",
    ...overrides,
  };
}

export function placedOrder(overrides: Partial<PlacedData> = {}): OrderState {
  return begin(ORDER, "demo", placedData(overrides), NOON);
}

export const held: OrderCommand = { kind: "reservation-answered", status: "HELD" };
export const authorised: OrderCommand = {
  kind: "authorisation-answered",
  status: "AUTHORISED",
  paymentId: PAYMENT,
  operationId: `${ORDER}:authorise`,
};
export const captured: OrderCommand = {
  kind: "capture-answered",
  status: "CAPTURED",
  paymentId: PAYMENT,
  shipmentId: SHIPMENT,
  operationId: `${ORDER}:capture:${SHIPMENT}`,
};
export const giveUp: OrderCommand = { kind: "give-up", code: "CUSTOMER_REQUEST", by: "demo-shop" };

/** A refund of an amount, by the version of its event in the payment's stream. */
export function refund(amount: number, paymentVersion: number): OrderCommand {
  const operationId = `${ORDER}:refund:${paymentVersion}`;
  return { kind: "refunded", refund: { paymentId: PAYMENT, paymentVersion, operationId, amount, currency: "EUR" } };
}

let shipmentEvents = 0;

/** News of the shipment, each of a later version than the one before. */
export function shipment(status: Extract<OrderCommand, { kind: "shipment-moved" }>["status"]): OrderCommand {
  return {
    kind: "shipment-moved",
    status,
    shipment: { shipmentId: SHIPMENT, version: ++shipmentEvents, lines: [{ sku: "A", quantity: 1 }] },
  };
}

/** Given an order and what became of it, the events of a last command and the state after them. */
export function became(
  state: OrderState,
  ...commands: readonly OrderCommand[]
): { state: OrderState; events: OrderEvent["type"][] } {
  let stored: StoredOrder = { state, streamVersion: 1 };
  let events: OrderEvent["type"][] = [];
  for (const command of commands) {
    const decided = decide(command, stored.state);
    events = decided.map((event) => event.type);
    stored = change(stored, decided, NOON, { actor: "test" });
  }
  return { state: stored.state, events };
}
