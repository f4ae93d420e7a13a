import { inTransaction } from "../../../platform/database.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { endSession } from "../sessions/end-session.ts";

/** Ends the caller's login with all its tokens; a client's own token ends by itself. */
export const logOut: ActionHandler<"auth.logout", AuthService> = async function (ctx) {
  const { tokenId, tenant } = ctx.meta.identity as Identity;
  // The platform's own work has no token.
  if (tokenId !== undefined) await inTransaction(ctx, (tx) => endSession(this, tx, { id: tokenId, tenant }, "LOGOUT"));
  return {};
};
