import { type Static, Type } from "@sinclair/typebox";

/** Amounts are whole minor units of the currency (ISO 4217 exponent): `{ amount: 1999, currency: "EUR" }`. */
export const Money = Type.Object(
  { amount: Type.Integer(), currency: Type.String({ pattern: "^[A-Z]{3}$" }) },
  { $id: "Money", additionalProperties: false, description: "Minor units of an ISO 4217 currency." },
);
export type Money = Static<typeof Money>;

export function money(amount: number, currency: string): Money {
  return { amount, currency };
}

/** A rate in basis points of an amount, rounded half up: 1900 basis points of 250 are 48 (47.5). */
export function basisPoints(amount: number, rate: number): number {
  return roundHalfUp(BigInt(amount) * BigInt(rate), 10_000n);
}

/** The tax that is contained in a gross amount at a rate in basis points, rounded half up. */
export function taxWithin(gross: number, rate: number): number {
  return roundHalfUp(BigInt(gross) * BigInt(rate), BigInt(10_000 + rate));
}

// BigInt, because an amount of 10^12 times a rate leaves the exact integers of a double.
function roundHalfUp(numerator: bigint, denominator: bigint): number {
  return Number((2n * numerator + denominator) / (2n * denominator));
}
