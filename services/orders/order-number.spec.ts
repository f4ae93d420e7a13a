import { orderNumber } from "./order-number.ts";

describe("order numbers", () => {
  test("are short, human, and different", () => {
    const numbers = new Set<string>();
    for (let n = 0; n < 100_000; n++) {
      const number = orderNumber(n);
      expect(number).toMatch(/^W[0-9A-HJKMNP-TV-Z]{7}$/);
      numbers.add(number);
    }
    expect(numbers.size).toBe(100_000);
  });

  test("of neighbours do not look alike", () => {
    expect(orderNumber(1).slice(0, 4)).not.toBe(orderNumber(2).slice(0, 4));
  });
});
