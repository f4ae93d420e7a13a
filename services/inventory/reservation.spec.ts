import { hasExpired, movementsOf, type ReservationRow, reservationView } from "./reservation.ts";

const hold: ReservationRow = {
  tenant: "demo",
  reference: "cart-7",
  kind: "direct",
  status: "HELD",
  lines: [{ sku: "A", quantity: 3 }],
  expiresAt: "2026-03-01T12:00:00.000Z",
};

describe("a reservation", () => {
  it("shows when it expires as long as it holds something", () => {
    expect(reservationView(hold)).toEqual({
      reference: "cart-7",
      status: "HELD",
      items: [{ sku: "A", quantity: 3 }],
      expiresAt: "2026-03-01T12:00:00.000Z",
    });
    expect(reservationView({ ...hold, status: "RELEASED" })).not.toHaveProperty("expiresAt");
    expect(reservationView({ ...hold, expiresAt: null })).not.toHaveProperty("expiresAt");
  });

  it("has expired from the moment on that it names", () => {
    expect(hasExpired(hold, "2026-03-01T11:59:59.999Z")).toBe(false);
    expect(hasExpired(hold, "2026-03-01T12:00:00.000Z")).toBe(true);
    expect(hasExpired({ ...hold, expiresAt: null }, "2099-01-01T00:00:00.000Z")).toBe(false);
  });

  it.each([
    ["RESERVED", 0, 3],
    ["RELEASED", 0, -3],
    ["COMMITTED", -3, -3],
  ] as const)("moves the stock when it is %s", (type, onHandChange, reservedChange) => {
    expect(movementsOf(type, hold, "shop", "because")).toEqual([
      {
        tenant: "demo",
        sku: "A",
        type,
        onHandChange,
        reservedChange,
        reference: "cart-7",
        reason: "because",
        actor: "shop",
      },
    ]);
  });
});
