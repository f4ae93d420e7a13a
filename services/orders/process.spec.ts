import fc from "fast-check";
import {
  authorised,
  became,
  captured,
  giveUp,
  held,
  ORDER,
  placedOrder,
  SHIPMENT,
  shipment,
} from "../../test/support/orders.ts";
import type { OrderCommand, OrderState } from "./order.ts";
import { nextStep, retryPause } from "./process.ts";

describe("the order process", () => {
  test("reserves, then authorises, then waits for delivery", () => {
    const placed = placedOrder();
    expect(nextStep(placed)).toEqual({ step: "reserve" });
    expect(nextStep(became(placed, held).state)).toEqual({
      step: "authorise",
      operationId: `${ORDER}:authorise`,
      amount: 1190,
      currency: "EUR",
    });
    expect(nextStep(became(placed, held, authorised).state)).toBeUndefined();
  });

  test("captures once the goods have left, under the shipment's operation, once", () => {
    const shipped = became(placedOrder(), held, authorised, shipment("PROCESSING"), shipment("SHIPPED")).state;
    const step = { step: "capture", operationId: `${ORDER}:capture:${SHIPMENT}`, amount: 1190, shipmentId: SHIPMENT };
    expect(nextStep(shipped)).toEqual(step);
    // Delivered before the provider answered: the money is still due.
    expect(nextStep(became(shipped, shipment("DELIVERED")).state)).toEqual(step);
    expect(nextStep(became(shipped, captured).state)).toBeUndefined();
  });

  test("compensates what may have been done: no void where no payment can have been asked for", () => {
    const compensate = { step: "compensate", operationId: `${ORDER}:void` };
    expect(nextStep(became(placedOrder(), giveUp).state)).toEqual({ ...compensate, void: false });
    expect(nextStep(became(placedOrder(), held, giveUp).state)).toEqual({ ...compensate, void: true });
    expect(nextStep(became(placedOrder(), held, authorised, giveUp).state)).toEqual({ ...compensate, void: true });
  });

  test("a step that an operator vouched for is not asked for again", () => {
    const shipped = became(placedOrder(), held, authorised, shipment("PROCESSING"), shipment("SHIPPED")).state;
    expect(nextStep(became(shipped, { kind: "skip-step", step: "capture" }).state)).toBeUndefined();
  });

  test("ends whatever the others answer: each answer to its step moves the order on", () => {
    const answer = (state: OrderState, bad: boolean): OrderCommand | undefined => {
      const step = nextStep(state);
      switch (step?.step) {
        case "reserve":
          return bad ? { kind: "reservation-answered", status: "OUT_OF_STOCK" } : held;
        case "authorise":
          return bad ? ({ ...authorised, status: "DECLINED", declineCode: "x" } as OrderCommand) : authorised;
        case "capture":
          return bad ? ({ ...captured, status: "CAPTURE_FAILED", code: "x" } as OrderCommand) : captured;
        case "compensate":
          return { kind: "compensated", payment: "VOIDED" };
        default:
          return undefined;
      }
    };
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }), fc.boolean(), (bad, cancel) => {
        let state = placedOrder();
        for (const choice of bad) {
          const command = answer(state, choice);
          if (command) state = became(state, command).state;
          else if (state.status === "PENDING_SHIPMENT" && cancel && state.shipments.length === 0)
            state = became(state, giveUp).state;
          else if (state.status === "PENDING_SHIPMENT" && state.shipments.length === 0)
            state = became(state, shipment("PROCESSING")).state;
          else if (state.status === "PENDING_SHIPMENT") state = became(state, shipment("SHIPPED")).state;
          else if (state.status === "SHIPPED") state = became(state, shipment("DELIVERED")).state;
        }
        expect(["DELIVERED", "CANCELLED"]).toContain(state.status);
        expect(nextStep(state)).toBeUndefined();
      }),
    );
  });

  test("waits longer after each attempt, and never longer than five minutes", () => {
    for (let attempts = 1; attempts < 40; attempts++) {
      expect(retryPause(attempts, 0.99)).toBeLessThanOrEqual(300_000);
      expect(retryPause(attempts + 1, 0.5)).toBeGreaterThanOrEqual(retryPause(attempts, 0.5));
    }
  });
});
