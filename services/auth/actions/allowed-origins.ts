import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { findOrigins } from "../clients/edge-rules-repository.ts";

/** The origins that any tenant allows: a browser asks before it shows a token. */
export const allowedOrigins: ActionHandler<"auth.allowedOrigins", AuthService> = async function () {
  return findOrigins(this.database);
};
