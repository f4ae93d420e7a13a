import fc from "fast-check";
import type { ShipmentStatus } from "./contract.ts";
import {
  type Command,
  decide,
  eventOf,
  evolve,
  type Move,
  type Report,
  type ShipmentState,
  trailOf,
} from "./shipment.ts";

const SHIPMENT: ShipmentState = {
  id: "01900000-0000-7000-8000-000000000003",
  tenant: "demo",
  orderId: "01900000-0000-7000-8000-000000000001",
  status: "PROCESSING",
  carrier: "sandbox",
  trackingNumber: "SB1",
  lines: [{ sku: "A", quantity: 2 }],
  version: 1,
};
const STATUSES = ["PROCESSING", "SHIPPED", "DELIVERED", "FAILED", "RETURNED", "CANCELLED"] as const;
const cancellation = { code: "CUSTOMER_REQUEST", by: "demo-shop" };

const moveTo = (to: ShipmentStatus): Command => ({
  type: "move",
  move: to === "CANCELLED" ? { to, cancellation } : { to },
});
const report = (status: Report["status"], more: Partial<Report> = {}): Command => ({
  type: "report",
  report: { status, ...more },
});
const steps = (command: Command, status: ShipmentStatus) => {
  const decided = decide(command, status);
  return decided === "illegal" ? decided : decided.map((move) => move.to);
};

describe("by hand", () => {
  const legal = new Set([
    "PROCESSING>SHIPPED",
    "PROCESSING>CANCELLED",
    "SHIPPED>DELIVERED",
    "SHIPPED>FAILED",
    "FAILED>SHIPPED",
    "FAILED>RETURNED",
  ]);

  test.each(STATUSES.flatMap((from) => STATUSES.map((to) => [from, to] as const)))("%s to %s", (from, to) => {
    const expected = from === to ? [] : legal.has(`${from}>${to}`) ? [to] : "illegal";
    expect(steps(moveTo(to), from)).toEqual(expected);
  });
});

describe("the carrier", () => {
  test.each<[ShipmentStatus, Report["status"], ShipmentStatus[]]>([
    ["PROCESSING", "SHIPPED", ["SHIPPED"]],
    ["PROCESSING", "DELIVERED", ["SHIPPED", "DELIVERED"]],
    ["PROCESSING", "FAILED", ["SHIPPED", "FAILED"]],
    ["PROCESSING", "RETURNED", ["SHIPPED", "FAILED", "RETURNED"]],
    ["SHIPPED", "RETURNED", ["FAILED", "RETURNED"]],
    ["FAILED", "DELIVERED", ["SHIPPED", "DELIVERED"]],
    ["SHIPPED", "SHIPPED", []],
    ["DELIVERED", "SHIPPED", []],
    ["DELIVERED", "RETURNED", []],
    ["CANCELLED", "DELIVERED", []],
  ])("finds it %s and reports %s", (from, to, expected) => {
    expect(steps(report(to), from)).toEqual(expected);
  });

  test("says of the last step what it said, and gives the number to all", () => {
    expect(
      decide(report("DELIVERED", { detail: "at the door", location: "Berlin", trackingNumber: "T1" }), "PROCESSING"),
    ).toEqual([
      { to: "SHIPPED", trackingNumber: "T1" },
      { to: "DELIVERED", detail: "at the door", location: "Berlin", trackingNumber: "T1" },
    ]);
  });
});

describe("a cancel", () => {
  test.each<[ShipmentStatus, ShipmentStatus[] | "illegal"]>([
    ["PROCESSING", ["CANCELLED"]],
    ["CANCELLED", []],
    ["SHIPPED", "illegal"],
    ["DELIVERED", "illegal"],
    ["FAILED", "illegal"],
    ["RETURNED", "illegal"],
  ])("of one that is %s", (from, expected) => {
    expect(steps({ type: "cancel", cancellation }, from)).toEqual(expected);
  });

  test("tells why and by whom", () => {
    const [move] = decide(
      { type: "cancel", cancellation: { ...cancellation, message: "changed my mind" } },
      "PROCESSING",
    ) as [Move];
    const state = evolve(SHIPMENT, move);
    expect(eventOf(state, move)).toEqual({
      type: "delivery.cancelled.v1",
      data: {
        shipmentId: SHIPMENT.id,
        orderId: SHIPMENT.orderId,
        lines: SHIPMENT.lines,
        carrier: "sandbox",
        trackingNumber: "SB1",
        ...cancellation,
        message: "changed my mind",
      },
    });
    expect(trailOf(state, move, "demo-shop", "2026-11-21T12:00:00.000Z")).toMatchObject({
      status: "CANCELLED",
      detail: "changed my mind",
    });
  });
});

test("a number that comes with a move replaces the one before", () => {
  const state = evolve(SHIPMENT, { to: "SHIPPED", trackingNumber: "T1" });
  expect(eventOf(state, { to: "SHIPPED", trackingNumber: "T1" }).data).toMatchObject({
    trackingNumber: "T1",
    carrier: "sandbox",
  });
});

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.constantFrom(...STATUSES).map(moveTo),
  fc.constantFrom("SHIPPED", "DELIVERED", "FAILED", "RETURNED").map((status) => report(status as Report["status"])),
  fc.constant<Command>({ type: "cancel", cancellation }),
);

test("whatever is told in whatever order, every step is a legal one and the end stays the end", () => {
  const ways = new Set([
    "PROCESSING>SHIPPED",
    "PROCESSING>CANCELLED",
    "SHIPPED>DELIVERED",
    "SHIPPED>FAILED",
    "FAILED>SHIPPED",
    "FAILED>RETURNED",
  ]);
  fc.assert(
    fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
      let state = SHIPMENT;
      for (const one of commands) {
        const decided = decide(one, state.status);
        if (one.type === "report") expect(decided).not.toBe("illegal");
        if (decided === "illegal") continue;
        if (["DELIVERED", "RETURNED", "CANCELLED"].includes(state.status)) expect(decided).toEqual([]);
        for (const move of decided) {
          expect(ways).toContain(`${state.status}>${move.to}`);
          const before = state;
          state = evolve(state, move);
          expect(state.version).toBe(before.version + 1);
          expect(eventOf(state, move).type).toBe(`delivery.${move.to.toLowerCase()}.v1`);
        }
        // Told again, it changes nothing more.
        expect(decide(one, state.status)).toEqual([]);
      }
    }),
    { numRuns: 1_000 },
  );
});
