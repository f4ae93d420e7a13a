import { unauthorised } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { refreshSession } from "../sessions/refresh-session.ts";

/** New tokens for a refresh token, as `POST /auth/token` gives them, for whoever speaks JSON. */
export const refreshTokens: ActionHandler<"auth.refresh", AuthService> = async function (ctx) {
  const tokens = await refreshSession(this, ctx.params.refreshToken, ctx.params.clientId);
  if (!tokens) throw unauthorised({ detail: "The refresh token is not good (any more): log in again." });
  return tokens;
};
