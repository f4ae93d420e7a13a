import type { ActionSchema, Context, Middleware } from "moleculer";
import { forbidden, unauthorised } from "../errors.ts";
import type { Ctx } from "../service.ts";

/**
 * The scopes of an action, checked where it runs: the gateway's check is not the only one. Work of the platform
 * itself (`service:<domain>`) needs none.
 */
export const scopes: Middleware = {
  name: "scopes",
  localAction(next: (ctx: Context) => Promise<unknown>, action: ActionSchema) {
    const needed = (action as { scopes?: readonly string[] }).scopes ?? [];
    if (needed.length === 0) return next;
    return (ctx: Context) => {
      const identity = (ctx as unknown as Ctx).meta.identity;
      if (!identity) return Promise.reject(unauthorised());
      const missing = needed.filter((scope) => !identity.scopes.includes(scope));
      if (missing.length > 0 && !identity.client.startsWith("service:")) {
        return Promise.reject(forbidden({ detail: `The token lacks ${missing.join(", ")}.` }));
      }
      return next(ctx);
    };
  },
};
