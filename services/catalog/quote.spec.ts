import fc from "fast-check";
import { type Cart, type PricedProduct, type Pricing, quoteCart, taxed } from "./quote.ts";

const MOST_PRICE = 4_000_000_000;

const pricing: Pricing = {
  currency: "EUR",
  pricesIncludeTax: false,
  taxRate: 1_900,
  shippingAmount: 490,
  shippingTaxRate: 1_900,
};

function product(sku: string, priceAmount: number, currency = "EUR"): PricedProduct {
  return { id: `id of ${sku}`, version: 2, sku, name: `The ${sku}`, priceAmount, currency };
}

function sold(...products: PricedProduct[]): Map<string, PricedProduct> {
  return new Map(products.map((one) => [one.sku, one]));
}

function cart(items: Cart["items"], currency?: string): Cart {
  return { tenant: "demo", country: "DE", items, ...(currency && { currency }) };
}

describe("tax", () => {
  it.each([
    ["is added to a net price, half a unit up", 250, 1_900, false, { net: 250, tax: 48, total: 298 }],
    ["is added to a net price, less than half down", 249, 1_900, false, { net: 249, tax: 47, total: 296 }],
    ["is taken out of a gross price", 2_450, 825, true, { net: 2_263, tax: 187, total: 2_450 }],
    ["is taken out of a gross price, half a unit up", 3, 10_000, true, { net: 1, tax: 2, total: 3 }],
    ["is nothing at a rate of 0", 1_000, 0, true, { net: 1_000, tax: 0, total: 1_000 }],
  ] as const)("%s", (_name, amount, rate, included, expected) => {
    expect(taxed(amount, rate, included)).toEqual(expected);
  });
});

describe("a quote", () => {
  it("prices each line with its product's version and name, and shipping as a line of its own", () => {
    const answer = quoteCart(cart([{ sku: "A", quantity: 3 }], "EUR"), pricing, sold(product("A", 1_899)));
    expect(answer).toEqual({
      quote: {
        currency: "EUR",
        lines: [
          {
            productId: "id of A",
            productVersion: 2,
            sku: "A",
            name: "The A",
            quantity: 3,
            unitPrice: 1_899,
            taxRate: 1_900,
            taxIncluded: false,
            net: 5_697,
            tax: 1_082,
            total: 6_779,
          },
        ],
        shipping: { net: 490, taxRate: 1_900, tax: 93, total: 583 },
        subtotal: 5_697,
        tax: 1_175,
        total: 7_362,
      },
    });
  });

  it("rounds each line by itself", () => {
    // Together 0.5 of tax, each alone 0.25.
    const items = [
      { sku: "A", quantity: 1 },
      { sku: "B", quantity: 1 },
    ];
    const quarter = { ...pricing, taxRate: 2_500, shippingAmount: 0 };
    expect(quoteCart(cart(items), quarter, sold(product("A", 1), product("B", 1))).quote).toMatchObject({
      tax: 0,
      total: 2,
    });
  });

  it("names the SKUs that are not sold, each once", () => {
    const items = ["A", "X", "Y", "X"].map((sku) => ({ sku, quantity: 1 }));
    expect(quoteCart(cart(items), pricing, sold(product("A", 1), product("Y", 1, "USD")))).toEqual({
      unknownSkus: ["X", "Y"],
    });
    expect(quoteCart(cart(items), undefined, new Map())).toEqual({ unknownSkus: ["A", "X", "Y"] });
  });

  it("tells the currency to a cart in another one, whatever is in it", () => {
    expect(quoteCart(cart([{ sku: "X", quantity: 1 }], "USD"), pricing, new Map())).toEqual({ currency: "EUR" });
  });

  it("always adds up in whole amounts that are never negative, up to the largest cart there may be", () => {
    const rate = fc.integer({ min: 0, max: 10_000 });
    const price = fc.oneof(
      fc.integer({ min: 0, max: 10_000 }),
      fc.integer({ min: 0, max: MOST_PRICE }),
      fc.constant(MOST_PRICE),
    );
    const quantity = fc.oneof(fc.integer({ min: 1, max: 10_000 }), fc.constant(10_000));
    const lines = fc.array(fc.record({ price, quantity }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(
        lines,
        rate,
        rate,
        price,
        fc.boolean(),
        (list, taxRate, shippingTaxRate, shippingAmount, pricesIncludeTax) => {
          const products = sold(...list.map((line, i) => product(`S${i}`, line.price)));
          const items = list.map((line, i) => ({ sku: `S${i}`, quantity: line.quantity }));
          const how = { currency: "EUR", pricesIncludeTax, taxRate, shippingTaxRate, shippingAmount };
          const quote = quoteCart(cart(items), how, products).quote!;
          const { lines: quoted, shipping, subtotal, tax, total } = quote;
          const amounts = [...quoted, shipping].flatMap((line) => [line.net, line.tax, line.total]);
          for (const amount of [...amounts, subtotal, tax, total]) {
            expect(Number.isSafeInteger(amount)).toBe(true);
            expect(amount).toBeGreaterThanOrEqual(0);
          }
          for (const line of [...quoted, shipping]) expect(line.total).toBe(line.net + line.tax);
          expect(total).toBe(subtotal + tax + shipping.net);
          expect(total).toBe([...quoted, shipping].reduce((sum, line) => sum + line.total, 0));
          // What the price says is what is paid for it, or what is paid before tax.
          for (const [i, line] of quoted.entries()) {
            expect(pricesIncludeTax ? line.total : line.net).toBe(list[i]!.price * list[i]!.quantity);
          }
        },
      ),
    );
  });
});
