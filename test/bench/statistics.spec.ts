import { percentile, slope, spread } from "./statistics.ts";

describe("percentile", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

  it.each([
    [0.5, 50],
    [0.99, 99],
    [0.999, 100],
    [1, 100],
    [0, 1],
  ])("at %p of 1 to 100 is %p", (share, value) => {
    expect(percentile(hundred, share)).toBe(value);
  });

  it("of one value is that value, and of none 0", () => {
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBe(0);
  });
});

describe("spread", () => {
  it("takes the middle of an odd number and the mean of the two middles of an even one", () => {
    expect(spread([9, 1, 10])).toEqual({ median: 9, min: 1, max: 10 });
    expect(spread([9, 1, 10, 2])).toEqual({ median: 5.5, min: 1, max: 10 });
  });

  it("knows nothing of no values", () => {
    expect(spread([])).toBeUndefined();
  });
});

describe("slope", () => {
  it("is that of the line the points are on, or nearest to", () => {
    expect(slope([1, 2, 5].map((x) => [x, 7 - 3 * x] as const))).toBeCloseTo(-3);
    expect(slope([0, 1, 2, 3].map((x) => [x, x % 2 === 0 ? 2 * x + 1 : 2 * x - 1] as const))).toBeCloseTo(1.6);
  });

  it("is none without two points", () => {
    expect(slope([])).toBe(0);
    expect(slope([[1, 5]])).toBe(0);
  });
});
