import { validationFailed } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import { isUuid } from "../../../platform/ids.ts";
import { decodeCursor, encodeCursor } from "../../../platform/schema.ts";
import type { Sealing } from "../../../platform/sealing/sealing.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { OutboxMessage } from "../contract.ts";
import { SANDBOX_MESSAGES } from "../media/sandbox.ts";
import type { OutgoingMessage } from "../message.ts";
import { listOutbox as list, type OutboxFilter, type OutboxRow } from "../outbox-repository.ts";

const LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** The messages to the tenant's customers, with what the sandboxes were given. */
export const listOutbox: ActionHandler<"notifications.listOutbox"> = async function (ctx) {
  const { limit = 20, cursor, ...filters } = ctx.params;
  const before = cursor === undefined ? ([LAST, LAST, "~"] as const) : placeOf(cursor);
  const tenant = ownTenant(ctx);
  const rows = await list(this.database, { ...filters, tenant, before, limit: limit + 1 });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const isMore = rows.length > limit && last !== undefined;
  return {
    items: page.map((row) => view(this.sealing, tenant, row)),
    nextCursor: isMore ? encodeCursor([last.orderId, last.eventId, last.medium]) : null,
  };
};

function placeOf(cursor: string): OutboxFilter["before"] {
  const [orderId, eventId, medium, ...rest] = decodeCursor(cursor) ?? [];
  const isPlace = [orderId, eventId].every((id) => typeof id === "string" && isUuid(id)) && typeof medium === "string";
  if (isPlace && rest.length === 0) return [orderId as string, eventId as string, medium];
  throw validationFailed({ errors: [{ path: "/cursor", message: "is not a cursor of this list" }] });
}

function view(sealing: Sealing, tenant: string, row: OutboxRow): OutboxMessage {
  const { id, orderId, type, medium, state, attempts, error, dueAt, createdAt, settledAt, sealed } = row;
  return {
    ...{ id, orderId, type, medium, state, attempts },
    ...(error !== null && { error }),
    ...(state === "PENDING" && { dueAt }),
    createdAt,
    ...(settledAt !== null && { settledAt }),
    ...(sealed && { content: contentOf(sealing.column(SANDBOX_MESSAGES).open({ tenant, id }, sealed)) }),
  };
}

function contentOf(opened: string): OutboxMessage["content"] {
  const { to, subject, text, html } = JSON.parse(opened) as OutgoingMessage;
  return {
    to: to.address,
    ...(subject !== undefined && { subject }),
    text,
    ...(html !== undefined && { html }),
  };
}
