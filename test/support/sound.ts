import type pg from "pg";
import { type Accepted, contradictions } from "./oracle.ts";
import { eventually } from "./waiting.ts";

/**
 * Expects that nothing contradicts what clients were told, as {@link contradictions} says, at last: timers, the numbers
 * of the last events, and the stock of what has left come a moment after an order's end.
 *
 * @param milliseconds how long that moment may be
 */
export async function expectSound(
  owner: pg.Client,
  accepted: readonly Accepted[],
  initial: ReadonlyMap<string, number>,
  milliseconds = 20_000,
): Promise<void> {
  const found = () => contradictions(owner, accepted, initial);
  await eventually("nothing contradicts", async () => (await found()).length === 0, milliseconds).catch(() => {});
  expect(await found()).toEqual([]);
}
