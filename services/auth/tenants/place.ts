import { validationFailed } from "../../../platform/errors.ts";
import { decodeCursor, encodeCursor } from "../../../platform/schema.ts";
import type { Place } from "./tenant-repository.ts";

/** Above everything that there is. */
const TOP: Place = { createdAt: "infinity", id: "" };
const TIME = /^[1-9]\d{3}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** The place that a cursor stands for. Throws VALIDATION_FAILED for one that is none of ours. */
export function placeOf(cursor: string | undefined): Place {
  if (cursor === undefined) return TOP;
  const [createdAt, id, ...rest] = decodeCursor(cursor) ?? [];
  const isPlace = typeof createdAt === "string" && TIME.test(createdAt) && isTime(createdAt);
  if (isPlace && typeof id === "string" && /^[\w.-]{1,255}$/.test(id) && rest.length === 0) return { createdAt, id };
  throw validationFailed({ errors: [{ path: "/cursor", message: "is not a cursor of this list" }] });
}

/** A page of what was read, of which one more than fits was asked for. */
export function pageOf<T extends Place>(rows: readonly T[], limit: number): { items: T[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id]) : null };
}

/** Only what we write: PostgreSQL knows no 31st of February. */
function isTime(text: string): boolean {
  return new Date(Date.parse(text) || 0).toISOString() === text;
}
