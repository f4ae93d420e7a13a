import type { ParamsOf, ResultOf } from "../../platform/contracts.ts";
import { basisPoints, taxWithin } from "../../platform/money.ts";
import type { QuotedLine } from "./contract.ts";

/** A cart to be priced, and what is answered to it. */
export type Cart = ParamsOf<"catalog.quote">["requests"][number];
export type Answer = ResultOf<"catalog.quote">[number];

/** How a tenant sells into a country. Rates are in basis points. */
export interface Pricing {
  readonly currency: string;
  /** Whether prices, that of the shipping too, contain their tax. */
  readonly pricesIncludeTax: boolean;
  readonly taxRate: number;
  readonly shippingAmount: number;
  readonly shippingTaxRate: number;
}

/** A product as far as its price goes. */
export interface PricedProduct {
  readonly id: string;
  readonly version: number;
  readonly sku: string;
  readonly name: string;
  readonly priceAmount: number;
  readonly currency: string;
}

interface Taxed {
  readonly net: number;
  readonly tax: number;
  readonly total: number;
}

/** Splits an amount with its tax in it, or adds the tax to one without; rounded half up. */
export function taxed(amount: number, rate: number, included: boolean): Taxed {
  if (!included) {
    const tax = basisPoints(amount, rate);
    return { net: amount, tax, total: amount + tax };
  }
  const tax = taxWithin(amount, rate);
  return { net: amount - tax, tax, total: amount };
}

/**
 * Prices a cart: each line is rounded by itself and the totals are sums of rounded lines, so that they always agree.
 * `pricing` is missing when the tenant sells nothing at all; `products` are those that it sells, by SKU.
 */
export function quoteCart(
  { items, currency: wanted }: Cart,
  pricing: Pricing | undefined,
  products: ReadonlyMap<string, PricedProduct>,
): Answer {
  if (!pricing) return { unknownSkus: skusOf(items) };
  const { currency, pricesIncludeTax: taxIncluded, taxRate } = pricing;
  if (wanted !== undefined && wanted !== currency) return { currency };
  const lines: QuotedLine[] = [];
  const unknown: { sku: string }[] = [];
  for (const { sku, quantity } of items) {
    const product = products.get(sku);
    if (product?.currency !== currency) {
      unknown.push({ sku });
      continue;
    }
    const { id: productId, version: productVersion, name, priceAmount: unitPrice } = product;
    const amounts = taxed(unitPrice * quantity, taxRate, taxIncluded);
    lines.push({ productId, productVersion, sku, name, quantity, unitPrice, taxRate, taxIncluded, ...amounts });
  }
  if (unknown.length > 0) return { unknownSkus: skusOf(unknown) };
  const { shippingAmount, shippingTaxRate } = pricing;
  const shipping = { ...taxed(shippingAmount, shippingTaxRate, taxIncluded), taxRate: shippingTaxRate };
  const subtotal = sum(lines.map(({ net }) => net));
  const tax = sum(lines.map((line) => line.tax)) + shipping.tax;
  return { quote: { currency, lines, shipping, subtotal, tax, total: subtotal + tax + shipping.net } };
}

function skusOf(items: readonly { sku: string }[]): string[] {
  return [...new Set(items.map(({ sku }) => sku))];
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
