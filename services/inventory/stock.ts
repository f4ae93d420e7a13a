import type { Instant } from "../../platform/clock.ts";
import type { LineQuantity } from "../../platform/schema.ts";
import type { Stock, StockTransaction } from "./contract.ts";

/** The most that may be on hand of a SKU. */
export const MOST_ON_HAND = 1_000_000_000;

export interface StockKey {
  readonly tenant: string;
  readonly sku: string;
}

/** The stock of a SKU as it is kept. */
export interface StockRow extends StockKey {
  /** The stream of its events, and how many there are. */
  readonly id: string;
  readonly eventVersion: number;
  readonly onHand: number;
  readonly reserved: number;
  readonly version: number;
  readonly lowStockThreshold: number;
}

/** Rows by `stockKey`. */
export type Stocks = ReadonlyMap<string, StockRow>;

/** One entry of the audit trail on its way. */
export interface Movement extends StockKey {
  readonly type: StockTransaction["type"];
  readonly onHandChange: number;
  readonly reservedChange: number;
  readonly reference?: string;
  readonly reason?: string;
  readonly actor: string;
}

/** On whose behalf stock is moved, and when. */
export interface Cause {
  readonly actor: string;
  readonly correlationId: string;
  readonly at: Instant;
}

/** A text that stands for a tenant's SKU; neither may contain the slash. */
export function stockKey({ tenant, sku }: StockKey): string {
  return `${tenant}/${sku}`;
}

export function available({ onHand, reserved }: Pick<StockRow, "onHand" | "reserved">): number {
  return onHand - reserved;
}

export function stockView({ sku, onHand, reserved, version }: StockRow): Stock {
  return { sku, onHand, reserved, available: onHand - reserved, version };
}

/** Lines with each SKU once, in the order of its first mention. */
export function summed(lines: readonly LineQuantity[]): LineQuantity[] {
  const sums = new Map<string, number>();
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return [...sums].map(([sku, quantity]) => ({ sku, quantity }));
}

/** Whether two lists ask for the same, however they put it. */
export function sameLines(some: readonly LineQuantity[], others: readonly LineQuantity[]): boolean {
  const sums = new Map(summed(others).map(({ sku, quantity }) => [sku, quantity]));
  const own = summed(some);
  return own.length === sums.size && own.every(({ sku, quantity }) => sums.get(sku) === quantity);
}

/** Lines of a tenant to be held together or not at all. */
export interface AllocationRequest {
  readonly tenant: string;
  readonly lines: readonly LineQuantity[];
}

/** A line that is not to be had, with what was left of its SKU when its turn came. */
export interface Shortage {
  readonly sku: string;
  readonly requested: number;
  readonly available: number;
}

export type Allocation =
  | { readonly granted: true; readonly lines: readonly LineQuantity[] }
  | { readonly granted: false; readonly short: readonly Shortage[] };

/**
 * Grants requests in their order, each whole or not at all: what one is granted the next ones do not find, and one
 * that is refused takes nothing. A SKU without stock has 0.
 */
export function allocate(stocks: Stocks, requests: readonly AllocationRequest[]): Allocation[] {
  const left = new Map<string, number>();
  const leftOf = (key: string) => {
    const stock = stocks.get(key);
    return left.get(key) ?? (stock ? available(stock) : 0);
  };
  return requests.map(({ tenant, lines }) => {
    const wanted = summed(lines);
    const short = wanted
      .map(({ sku, quantity }) => ({ sku, requested: quantity, available: leftOf(stockKey({ tenant, sku })) }))
      .filter((line) => line.available < line.requested);
    if (short.length > 0) return { granted: false, short };
    for (const { sku, quantity } of wanted) {
      const key = stockKey({ tenant, sku });
      left.set(key, leftOf(key) - quantity);
    }
    return { granted: true, lines: wanted };
  });
}

/** By how much `onHand` changes, or why it may not. */
export type Change<Refusal extends string> = { readonly change: number } | { readonly refused: Refusal };

/** Sets what is on hand; `version`, when given, is the one that the caller has seen, 0 for no stock yet. */
export function setOnHand(
  stock: StockRow | undefined,
  onHand: number,
  version?: number,
): Change<"STALE_VERSION" | "BELOW_RESERVED"> {
  if (version !== undefined && version !== (stock?.version ?? 0)) return { refused: "STALE_VERSION" };
  if (onHand < (stock?.reserved ?? 0)) return { refused: "BELOW_RESERVED" };
  return { change: onHand - (stock?.onHand ?? 0) };
}

/** Adds to or takes from what is on hand. */
export function adjustOnHand({ onHand, reserved }: StockRow, delta: number): Change<"BELOW_RESERVED" | "TOO_MUCH"> {
  if (onHand + delta < reserved) return { refused: "BELOW_RESERVED" };
  if (onHand + delta > MOST_ON_HAND) return { refused: "TOO_MUCH" };
  return { change: delta };
}

/** What a set of movements comes to for one SKU. */
export interface StockSum extends StockKey {
  readonly onHand: number;
  readonly reserved: number;
}

/** Sums movements by SKU, in the order in which all lock stock. */
export function sumsOf(movements: readonly Movement[]): StockSum[] {
  const sums = new Map<string, StockSum>();
  for (const { tenant, sku, onHandChange, reservedChange } of movements) {
    const key = stockKey({ tenant, sku });
    const { onHand, reserved } = sums.get(key) ?? { onHand: 0, reserved: 0 };
    sums.set(key, { tenant, sku, onHand: onHand + onHandChange, reserved: reserved + reservedChange });
  }
  return inLockOrder(sums);
}

/** By their `stockKey`, which is the order in which everybody locks stock: no two wait for each other. */
export function inLockOrder<T>(byKey: ReadonlyMap<string, T>): T[] {
  return [...byKey].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value);
}

/** What a set of movements does to one SKU. */
export interface StockChange {
  readonly before: StockRow;
  readonly after: StockRow;
  /** Whether there was enough and now is not. */
  readonly becameLow: boolean;
}

/**
 * Sums movements by SKU: one change each, with one version more.
 * @throws when a movement names a SKU that is not there, or would break what always holds
 */
export function move(stocks: Stocks, movements: readonly Movement[]): StockChange[] {
  return sumsOf(movements).map((sum) => {
    const key = stockKey(sum);
    const before = stocks.get(key);
    if (!before) throw new Error(`${key} is moved, but there is no stock of it`);
    const onHand = before.onHand + sum.onHand;
    const reserved = before.reserved + sum.reserved;
    if (reserved < 0 || reserved > onHand) throw new Error(`${key} would have ${reserved} of ${onHand} reserved`);
    const low = before.lowStockThreshold;
    const becameLow = available(before) >= low && onHand - reserved < low;
    const eventVersion = before.eventVersion + (becameLow ? 1 : 0);
    return { before, after: { ...before, onHand, reserved, version: before.version + 1, eventVersion }, becameLow };
  });
}
