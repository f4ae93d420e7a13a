import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";

/** Those of some tokens that were ended before their time. Every node knows them all. */
export const revokedAmong: ActionHandler<"auth.revokedAmong", AuthService> = async function (ctx) {
  return ctx.params.tokenIds.filter((tokenId) => this.revoked.has(tokenId));
};
