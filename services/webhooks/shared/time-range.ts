import type { Instant } from "../../../platform/clock.ts";

const FIRST = "00000000-0000-0000-0000-000000000000";
const BEYOND = "ffffffff-ffff-ffff-ffff-ffffffffffff";
/** The last time that fits into an id. */
const LAST_MS = 2 ** 48 - 1;

/** The least id of version 7 that is made at a time: ids are compared as times are. */
export function idAt(at: Instant): string {
  const milliseconds = Math.min(Math.max(0, Date.parse(at)), LAST_MS);
  const digits = milliseconds.toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}-0000-0000-000000000000`;
}

/** The ids that are made from a time on and before another one; all, without them. */
export function idsOf(from: Instant | undefined, to: Instant | undefined): { fromId: string; belowId: string } {
  return { fromId: from === undefined ? FIRST : idAt(from), belowId: to === undefined ? BEYOND : idAt(to) };
}
