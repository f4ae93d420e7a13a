import { unauthorised } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { takeTicket } from "../repository.ts";
import { ticketHash } from "../shared/ticket-hash.ts";

/** Who a ticket was given to; it is gone after this. Throws UNAUTHORIZED for one that is unknown, used or too old. */
export const redeemTicket: ActionHandler<"notifications.redeemTicket"> = async function (ctx) {
  const now = this.clock.now();
  const holder = await takeTicket(this.database, ticketHash(ctx.params.ticket), now);
  if (!holder || holder.expires * 1_000 <= Date.parse(now)) throw unauthorised();
  return holder;
};
