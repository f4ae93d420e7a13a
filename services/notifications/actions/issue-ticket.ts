import { after } from "../../../platform/clock.ts";
import { unauthorised } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { addTicket } from "../repository.ts";
import { newTicket, sealToken, ticketHash } from "../shared/ticket.ts";

const TICKET_MS = 30_000;

/** A ticket of 30 s that stands for the caller's token, once. A live feed opened with it ends when the token does. */
export const issueTicket: ActionHandler<"notifications.issueTicket"> = async function (ctx) {
  const { identity, token } = ctx.meta;
  // Work without a token of its own has no feed to open.
  if (!identity || token === undefined) throw unauthorised();
  return once(ctx, async (tx) => {
    const ticket = newTicket();
    const expiresAt = after(this.clock.now(), TICKET_MS);
    const sealedToken = sealToken(token, ticket);
    await addTicket(tx, { hash: ticketHash(ticket), tenant: identity.tenant, sealedToken, expiresAt });
    return { ticket, expiresAt };
  });
};
