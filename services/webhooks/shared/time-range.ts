import type { Instant } from "../../../platform/clock.ts";
import { leastIdAt } from "../../../platform/ids.ts";

const FIRST = "00000000-0000-0000-0000-000000000000";
const BEYOND = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** The ids that are made from a time on and before another one; all, without them. */
export function idsOf(from: Instant | undefined, to: Instant | undefined): { fromId: string; belowId: string } {
  return {
    fromId: from === undefined ? FIRST : leastIdAt(Date.parse(from)),
    belowId: to === undefined ? BEYOND : leastIdAt(Date.parse(to)),
  };
}
