import { type ActionSchema, type Context, Errors, type Middleware } from "moleculer";
import { timeLeft } from "../deadline.ts";

/**
 * Does not begin what nobody waits for any more. A call hands what is left of its time on to the calls it makes, which
 * Moleculer sees to; this one looks again when a call has waited in its action's queue, where its time may have run
 * out, and Moleculer would run it all the same.
 */
export const deadlines: Middleware = {
  name: "deadlines",
  localAction(next: (ctx: Context) => Promise<unknown>, action: ActionSchema) {
    return (ctx: Context) => {
      if (timeLeft(ctx) > 0) return next(ctx);
      const skipped = { action: action.name as string, nodeID: ctx.broker.nodeID };
      return Promise.reject(new Errors.RequestSkippedError(skipped));
    };
  },
};
