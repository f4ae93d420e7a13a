import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";

/** The public keys that access tokens can be verified by. */
export const getJwks: ActionHandler<"auth.jwks", AuthService> = async function (ctx) {
  ctx.meta.$responseHeaders = { "Cache-Control": "public, max-age=300" };
  return { keys: this.keys.jwks };
};
