import { unauthorised } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { takeTicket } from "../repository.ts";
import { openToken, ticketHash } from "../shared/ticket.ts";

/**
 * The token that a ticket stands for, which may have ended since; the ticket is gone after this. Throws UNAUTHORIZED for
 * one that is unknown, used or too old.
 */
export const redeemTicket: ActionHandler<"notifications.redeemTicket"> = async function (ctx) {
  const { ticket } = ctx.params;
  const sealed = await takeTicket(this.database, ticketHash(ticket), this.clock.now());
  if (!sealed) throw unauthorised();
  return { token: openToken(sealed, ticket) };
};
