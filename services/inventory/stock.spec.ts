import fc from "fast-check";
import {
  adjustOnHand,
  allocate,
  available,
  MOST_ON_HAND,
  type Movement,
  move,
  type StockRow,
  sameLines,
  setOnHand,
  stockKey,
  summed,
} from "./stock.ts";

function stock(sku: string, onHand: number, reserved = 0, lowStockThreshold = 0): StockRow {
  return { tenant: "demo", sku, id: `id of ${sku}`, onHand, reserved, version: 3, eventVersion: 0, lowStockThreshold };
}

function stocks(...rows: StockRow[]): Map<string, StockRow> {
  return new Map(rows.map((row) => [stockKey(row), row]));
}

function movement(sku: string, onHandChange: number, reservedChange: number): Movement {
  return { tenant: "demo", sku, type: "ADJUSTED", onHandChange, reservedChange, actor: "operator" };
}

const skus = fc.constantFrom("A", "B", "C");
const lines = fc.array(fc.record({ sku: skus, quantity: fc.integer({ min: 1, max: 20 }) }), {
  minLength: 1,
  maxLength: 5,
});
const rows = fc
  .uniqueArray(
    fc.record({
      sku: skus,
      onHand: fc.integer({ min: 0, max: 60 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    {
      selector: ({ sku }) => sku,
    },
  )
  .map((list) => stocks(...list.map(({ sku, onHand, share }) => stock(sku, onHand, Math.floor(onHand * share)))));

describe("lines", () => {
  it("are summed by SKU in the order of first mention", () => {
    const given = [
      { sku: "B", quantity: 1 },
      { sku: "A", quantity: 2 },
      { sku: "B", quantity: 3 },
    ];
    expect(summed(given)).toEqual([
      { sku: "B", quantity: 4 },
      { sku: "A", quantity: 2 },
    ]);
  });

  it("are the same however they are split and ordered", () => {
    fc.assert(
      fc.property(lines, (list) => {
        expect(sameLines(list, list.toReversed())).toBe(true);
        expect(sameLines(list, summed(list))).toBe(true);
        expect(sameLines(list, [...list, { sku: "D", quantity: 1 }])).toBe(false);
        expect(sameLines([...list, { sku: "A", quantity: 1 }], list)).toBe(false);
      }),
    );
  });
});

describe("allocate", () => {
  it("grants in the order of asking what is left, whole or not at all", () => {
    const asked = [
      { tenant: "demo", lines: [{ sku: "A", quantity: 2 }] },
      {
        tenant: "demo",
        lines: [
          { sku: "A", quantity: 1 },
          { sku: "B", quantity: 2 },
        ],
      },
      { tenant: "demo", lines: [{ sku: "A", quantity: 2 }] },
      { tenant: "demo", lines: [{ sku: "A", quantity: 1 }] },
    ];
    expect(allocate(stocks(stock("A", 5, 2), stock("B", 1)), asked).map(({ granted }) => granted)).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it("sums repeated SKUs of a request before it looks", () => {
    const asked = [
      {
        tenant: "demo",
        lines: [
          { sku: "A", quantity: 2 },
          { sku: "A", quantity: 2 },
        ],
      },
    ];
    expect(allocate(stocks(stock("A", 3)), asked)).toEqual([
      { granted: false, short: [{ sku: "A", requested: 4, available: 3 }] },
    ]);
  });

  it("names the short lines alone, with 0 for a SKU without stock or of another tenant", () => {
    const asked = [{ tenant: "acme", lines: [{ sku: "A", quantity: 1 }] }];
    expect(allocate(stocks(stock("A", 3)), asked)).toEqual([
      { granted: false, short: [{ sku: "A", requested: 1, available: 0 }] },
    ]);
  });

  it("never grants more than there is, and refuses only what is not there", () => {
    fc.assert(
      fc.property(rows, fc.array(lines, { maxLength: 20 }), (have, asked) => {
        const left = new Map([...have].map(([key, row]) => [key, available(row)]));
        const answers = allocate(
          have,
          asked.map((list) => ({ tenant: "demo", lines: list })),
        );
        answers.forEach((answer, i) => {
          const wanted = summed(asked[i]!);
          const short = wanted.filter(({ sku, quantity }) => (left.get(`demo/${sku}`) ?? 0) < quantity);
          expect(answer.granted).toBe(short.length === 0);
          if (!answer.granted) expect(answer.short.map(({ sku }) => sku)).toEqual(short.map(({ sku }) => sku));
          else
            for (const { sku, quantity } of answer.lines) left.set(`demo/${sku}`, left.get(`demo/${sku}`)! - quantity);
        });
        for (const rest of left.values()) expect(rest).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe("setting what is on hand", () => {
  it.each([
    ["a new SKU", undefined, 7, undefined, { change: 7 }],
    ["a new SKU that the caller knows to be new", undefined, 7, 0, { change: 7 }],
    ["a new SKU that the caller believes to be there", undefined, 7, 1, { refused: "STALE_VERSION" }],
    ["less, down to what is reserved", stock("A", 5, 2), 2, undefined, { change: -3 }],
    ["less than is reserved", stock("A", 5, 2), 1, 3, { refused: "BELOW_RESERVED" }],
    ["with the version seen", stock("A", 5, 2), 9, 3, { change: 4 }],
    ["with an older version", stock("A", 5, 2), 9, 2, { refused: "STALE_VERSION" }],
    ["an older version before anything else", stock("A", 5, 2), 1, 2, { refused: "STALE_VERSION" }],
  ] as const)("%s", (_name, row, onHand, version, expected) => {
    expect(setOnHand(row, onHand, version)).toEqual(expected);
  });
});

describe("adjusting what is on hand", () => {
  it.each([
    [-3, { change: -3 }],
    [-4, { refused: "BELOW_RESERVED" }],
    [-1_000_000_000, { refused: "BELOW_RESERVED" }],
    [MOST_ON_HAND - 5, { change: MOST_ON_HAND - 5 }],
    [MOST_ON_HAND - 4, { refused: "TOO_MUCH" }],
  ])("5 with 2 reserved by %d", (delta, expected) => {
    expect(adjustOnHand(stock("A", 5, 2), delta)).toEqual(expected);
  });
});

describe("move", () => {
  it("makes one change a SKU, one version on", () => {
    const [change, ...others] = move(stocks(stock("A", 5, 2)), [movement("A", 0, 1), movement("A", -2, -2)]);
    expect(others).toEqual([]);
    expect(change!.after).toEqual({ ...stock("A", 3, 1), version: 4 });
  });

  it.each([
    ["crosses the threshold", 10, 9, true],
    ["was low before", 9, 8, false],
    ["comes back", 9, 12, false],
    ["stays above", 12, 10, false],
  ])("tells of low stock once: %s", (_name, before, after, becameLow) => {
    const [change] = move(stocks(stock("A", before, 0, 10)), [movement("A", 0, 0), movement("A", after - before, 0)]);
    expect(change).toMatchObject({ becameLow, after: { eventVersion: becameLow ? 1 : 0 } });
  });

  it("refuses what would break 0 <= reserved <= on hand, and a SKU that is not there", () => {
    expect(() => move(stocks(stock("A", 5, 2)), [movement("A", -4, 0)])).toThrow("2 of 1");
    expect(() => move(stocks(stock("A", 5, 2)), [movement("A", 0, -3)])).toThrow("-1 of 5");
    expect(() => move(stocks(), [movement("A", 1, 0)])).toThrow("no stock");
  });

  it("gives back exactly what was reserved", () => {
    fc.assert(
      fc.property(rows, lines, (have, list) => {
        const [answer] = allocate(have, [{ tenant: "demo", lines: list }]);
        fc.pre(answer!.granted);
        const taken = summed(list).map(({ sku, quantity }) => movement(sku, 0, quantity));
        const reserved = move(have, taken).map(({ after }) => after);
        const released = move(
          stocks(...reserved),
          taken.map((one) => ({ ...one, reservedChange: -one.reservedChange })),
        );
        for (const { after } of released) {
          const { onHand, reserved } = have.get(stockKey(after))!;
          expect(after).toMatchObject({ onHand, reserved });
        }
      }),
    );
  });
});
