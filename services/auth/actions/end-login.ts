import { inTransaction } from "../../../platform/database.ts";
import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { ownCustomer } from "../customers/own-customer.ts";
import { endLogins } from "../sessions/end-session.ts";

/** Ends a login of the customer who asks, be it that of a device that they have lost. */
export const endLogin: ActionHandler<"auth.endLogin", AuthService> = async function (ctx) {
  const only = ctx.params.id;
  const ended = await inTransaction(ctx, (tx) => endLogins(this, tx, ownCustomer(ctx), "LOGOUT", { only }));
  if (ended === 0) throw notFound();
  return {};
};
