import fc from "fast-check";
import {
  authorised,
  became,
  captured,
  giveUp,
  held,
  NOON,
  ORDER,
  PAYMENT,
  placedOrder,
  refund,
  SHIPMENT,
  shipment,
} from "../../test/support/orders.ts";
import { change, decide, evolve, hasLeft, type OrderCommand, type OrderEvent, type OrderState } from "./order.ts";
import { nextStep } from "./process.ts";

describe("an order", () => {
  test("goes from placed to delivered, one version an event", () => {
    const { state } = became(
      placedOrder(),
      held,
      authorised,
      shipment("PROCESSING"),
      shipment("SHIPPED"),
      captured,
      shipment("DELIVERED"),
    );
    expect(state).toMatchObject({
      status: "DELIVERED",
      version: 8,
      payment: { status: "CAPTURED", authorised: 1190, captured: 1190 },
      shipments: [{ id: SHIPMENT, status: "DELIVERED" }],
    });
  });

  test("is confirmed in the decision that records the authorisation", () => {
    expect(became(placedOrder(), held, authorised).events).toEqual([
      "orders.payment_authorised.v1",
      "orders.confirmed.v1",
    ]);
  });

  test("without anything to pay is confirmed with its reservation", () => {
    const free = placedOrder({ total: 0, subtotal: 0, tax: 0 });
    expect(became(free, held).events).toEqual(["orders.stock_reserved.v1", "orders.confirmed.v1"]);
    expect(became(free, held).state.payment.status).toBe("NONE");
  });

  test("that finds no stock is given up with nothing to void", () => {
    const { state, events } = became(placedOrder(), { kind: "reservation-answered", status: "OUT_OF_STOCK" });
    expect(events).toEqual(["orders.cancellation_decided.v1"]);
    expect(state).toMatchObject({ status: "PENDING", cancelling: { code: "OUT_OF_STOCK" } });
    expect(nextStep(state)).toMatchObject({ step: "compensate", void: false });
  });

  test("whose payment is declined says why, and ends CANCELLED and DECLINED", () => {
    const declined: OrderCommand = {
      ...authorised,
      status: "DECLINED",
      declineCode: "insufficient_funds",
    } as OrderCommand;
    const { state } = became(placedOrder(), held, declined, { kind: "compensated", payment: "DECLINED" });
    expect(state).toMatchObject({
      status: "CANCELLED",
      cancellation: { code: "PAYMENT_DECLINED" },
      payment: { status: "DECLINED", declineCode: "insufficient_funds", authorised: 0 },
    });
  });

  test("whose payment is unknown waits, and says so once", () => {
    const unknown = { ...authorised, status: "UNKNOWN" } as OrderCommand;
    expect(became(placedOrder(), held, unknown).state.payment.status).toBe("UNKNOWN");
    expect(became(placedOrder(), held, unknown, unknown).events).toEqual([]);
    expect(became(placedOrder(), held, unknown, authorised).state.status).toBe("PENDING_SHIPMENT");
  });

  test("that is given up takes no answers any more", () => {
    expect(() => became(placedOrder(), held, giveUp, authorised)).toThrow(
      expect.objectContaining({ type: "ILLEGAL_TRANSITION" }),
    );
    expect(became(placedOrder(), held, giveUp, giveUp).events).toEqual([]);
  });

  test("that has left cannot be given up", () => {
    const left = [held, authorised, shipment("PROCESSING"), shipment("SHIPPED")];
    expect(() => became(placedOrder(), ...left, giveUp)).toThrow(
      expect.objectContaining({ type: "ILLEGAL_TRANSITION" }),
    );
  });

  test("is given up when delivery cancels its shipment, with delivery's reason", () => {
    const cancelled: OrderCommand = {
      kind: "shipment-moved",
      status: "CANCELLED",
      shipment: { shipmentId: SHIPMENT, version: 1_000_000, lines: [], code: "OPERATOR", by: "demo-operator" },
    };
    const { state } = became(placedOrder(), held, authorised, shipment("PROCESSING"), cancelled);
    expect(state.cancelling).toMatchObject({ code: "OPERATOR", by: "demo-operator" });
  });

  test("follows each of delivery's events once, however often they are replayed", () => {
    const moves = [
      shipment("PROCESSING"),
      shipment("SHIPPED"),
      shipment("FAILED"),
      shipment("SHIPPED"),
      shipment("DELIVERED"),
    ];
    const { state } = became(placedOrder(), held, authorised, ...moves);
    for (const move of moves) expect(decide(move, state)).toEqual([]);
  });

  test("that was given up ignores the news of a shipment that delivery has held back", () => {
    expect(became(placedOrder(), held, authorised, giveUp, shipment("PROCESSING")).events).toEqual([]);
  });

  test("keeps SHIPPED through a failed delivery, with attention until it is settled", () => {
    const failed = became(
      placedOrder(),
      held,
      authorised,
      shipment("PROCESSING"),
      shipment("SHIPPED"),
      shipment("FAILED"),
    ).state;
    expect(failed).toMatchObject({ status: "SHIPPED", attention: "DELIVERY_FAILED" });
    expect(became(failed, shipment("SHIPPED")).state.attention).toBeUndefined();
    expect(became(failed, shipment("RETURNED")).state).toMatchObject({ status: "RETURNED" });
  });

  test("whose capture failed stays SHIPPED with attention, and an operator can have it tried again", () => {
    const failedCapture = { ...captured, status: "CAPTURE_FAILED", code: "expired" } as OrderCommand;
    const { state } = became(
      placedOrder(),
      held,
      authorised,
      shipment("PROCESSING"),
      shipment("SHIPPED"),
      failedCapture,
    );
    expect(state).toMatchObject({
      status: "SHIPPED",
      attention: "CAPTURE_FAILED",
      payment: { status: "CAPTURE_FAILED" },
    });
    expect(nextStep(state)).toBeUndefined();
    expect(became(state, shipment("DELIVERED")).state).toMatchObject({
      status: "DELIVERED",
      attention: "CAPTURE_FAILED",
    });
    const again = became(state, { kind: "retry-step", step: "capture" }).state;
    expect(nextStep(again)).toMatchObject({ step: "capture", operationId: `${ORDER}:capture:${SHIPMENT}:2` });
    expect(again.attention).toBeUndefined();
  });

  test("is refunded in parts, which changes its payment alone", () => {
    const paid = became(placedOrder(), held, authorised, shipment("PROCESSING"), shipment("SHIPPED"), captured).state;
    const { state, events } = became(paid, refund(190, 3));
    expect(events).toEqual(["orders.refunded.v1"]);
    expect(state).toMatchObject({
      status: "SHIPPED",
      version: paid.version + 1,
      payment: { status: "PARTIALLY_REFUNDED", captured: 1190, refunded: 190 },
    });
    const all = became(state, shipment("DELIVERED"), refund(1000, 4)).state;
    expect(all).toMatchObject({ status: "DELIVERED", payment: { status: "REFUNDED", captured: 1190, refunded: 1190 } });
    expect(nextStep(all)).toBeUndefined();
  });

  test("follows each refund once, however often it is told", () => {
    const paid = [held, authorised, shipment("PROCESSING"), shipment("SHIPPED"), captured];
    const { state } = became(placedOrder(), ...paid, refund(190, 3), refund(10, 4));
    for (const told of [refund(190, 3), refund(10, 4)]) expect(decide(told, state)).toEqual([]);
  });

  test("takes no refund before it has heard that it was paid, and one whenever it was given up", () => {
    const shipped = [held, authorised, shipment("PROCESSING"), shipment("SHIPPED")];
    expect(() => became(placedOrder(), ...shipped, refund(190, 3))).toThrow(
      expect.objectContaining({ type: "ILLEGAL_TRANSITION" }),
    );
    const cancelled = became(placedOrder(), held, authorised, giveUp, { kind: "compensated", payment: "NONE" }).state;
    expect(became(cancelled, refund(190, 3)).state).toMatchObject({ status: "CANCELLED", payment: { refunded: 190 } });
  });
});

const anyCommand: fc.Arbitrary<OrderCommand> = fc.oneof(
  fc.constantFrom<OrderCommand>(held, authorised, captured, giveUp),
  fc
    .constantFrom("OUT_OF_STOCK" as const, "RELEASED" as const)
    .map((status): OrderCommand => ({ kind: "reservation-answered", status })),
  fc
    .constantFrom("DECLINED" as const, "UNKNOWN" as const, "REQUIRES_ACTION" as const, "VOIDED" as const)
    .map((status): OrderCommand => ({ ...authorised, status }) as OrderCommand),
  fc.constant<OrderCommand>({ ...captured, status: "CAPTURE_FAILED", code: "refused" } as OrderCommand),
  fc
    .constantFrom("VOIDED" as const, "NONE" as const, "DECLINED" as const)
    .map((payment): OrderCommand => ({ kind: "compensated", payment })),
  fc
    .constantFrom("PROCESSING", "SHIPPED", "DELIVERED", "FAILED", "RETURNED", "CANCELLED")
    .map((status) => shipment(status as never)),
  fc.constantFrom("capture", "compensate").map((step): OrderCommand => ({ kind: "skip-step", step })),
  fc.constant<OrderCommand>({ kind: "retry-step", step: "capture" }),
  fc.tuple(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 9 })).map((one) => refund(...one)),
);

describe("an order under any commands", () => {
  /** Every state on the way, with the events that led to it; refused commands change nothing. */
  function walk(commands: readonly OrderCommand[]): { before: OrderState; event: OrderEvent; after: OrderState }[] {
    const steps: { before: OrderState; event: OrderEvent; after: OrderState }[] = [];
    let state = placedOrder();
    for (const command of commands) {
      let events: OrderEvent[] = [];
      try {
        events = decide(command, state);
      } catch (error) {
        expect((error as { type: string }).type).toBe("ILLEGAL_TRANSITION");
      }
      for (const event of events) {
        const next = evolve(state, event, NOON);
        steps.push({ before: state, event, after: next });
        state = next;
      }
    }
    return steps;
  }

  const RANK = { PENDING: 0, PENDING_SHIPMENT: 1, SHIPPED: 2, DELIVERED: 3, RETURNED: 3, CANCELLED: 3 };

  test("is never set back, and never cancelled once it has left", () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 40 }), (commands) => {
        for (const { before, after: next } of walk(commands)) {
          expect(RANK[next.status]).toBeGreaterThanOrEqual(RANK[before.status]);
          if (hasLeft(before)) expect(next.status).not.toBe("CANCELLED");
          if (before.status === "CANCELLED") expect(next.status).toBe("CANCELLED");
        }
      }),
    );
  });

  test("is never captured beyond what was authorised, nor before it has left, nor twice", () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 40 }), (commands) => {
        const steps = walk(commands);
        for (const { before, event, after: next } of steps) {
          expect(next.payment.captured).toBeLessThanOrEqual(Math.max(next.payment.authorised, next.placed.total));
          if (event.type === "orders.payment_captured.v1") expect(hasLeft(before)).toBe(true);
        }
        expect(steps.filter(({ event }) => event.type === "orders.payment_captured.v1").length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("counts a version for each event that callers see, and its changes fold to its state", () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 40 }), (commands) => {
        const steps = walk(commands);
        const state = steps.at(-1)?.after ?? placedOrder();
        const visible = steps.filter(({ before, after: next }) => next.version > before.version).length;
        expect(state.version).toBe(1 + visible);
        const events = steps.map(({ event }) => event);
        const changed = change({ state: placedOrder(), streamVersion: 1 }, events, NOON, { actor: "test" });
        expect(changed.state).toEqual(state);
        expect(changed.events.map((event) => event.version)).toEqual(events.map((_, i) => i + 2));
      }),
    );
  });

  test("holds nothing personal in its events", () => {
    const { state } = became(placedOrder(), held, authorised, shipment("PROCESSING"));
    expect(JSON.stringify(state)).not.toMatch(/address|email|token/i);
    expect(state.payment.id).toBe(PAYMENT);
  });
});
