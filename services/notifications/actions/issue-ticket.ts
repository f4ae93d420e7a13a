import { randomBytes } from "node:crypto";
import { after } from "../../../platform/clock.ts";
import { unauthorised } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { addTicket } from "../repository.ts";
import { ticketHash } from "../shared/ticket-hash.ts";

const TICKET_MS = 30_000;

/** A ticket of 30 s that stands for the caller's token, once. A live feed opened with it ends when the token does. */
export const issueTicket: ActionHandler<"notifications.issueTicket"> = async function (ctx) {
  const { identity } = ctx.meta;
  // Work without a token of its own has no feed to open.
  if (identity?.expires === undefined || identity.tokenId === undefined) throw unauthorised();
  const { tenant, client, customer, scopes, expires, tokenId } = identity;
  const holder = {
    ...{ tenant, client, scopes: [...scopes], expires, tokenId },
    ...(customer !== undefined && { customer }),
  };
  return once(ctx, async (tx) => {
    const ticket = randomBytes(32).toString("base64url");
    const expiresAt = after(this.clock.now(), TICKET_MS);
    await addTicket(tx, ticketHash(ticket), holder, expiresAt);
    return { ticket, expiresAt };
  });
};
