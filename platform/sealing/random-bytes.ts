import { randomFillSync } from "node:crypto";

const POOL_BYTES = 12_288;
let pool = Buffer.alloc(0);
let used = 0;

/** Random bytes, drawn by the thousand: to ask for so few costs as much as all the rest of sealing a value. */
export function takeRandom(length: number): Buffer {
  if (used + length > pool.length) {
    // A new one, because those that were taken lie in the old.
    pool = randomFillSync(Buffer.allocUnsafeSlow(POOL_BYTES));
    used = 0;
  }
  const taken = pool.subarray(used, used + length);
  used += length;
  return taken;
}
