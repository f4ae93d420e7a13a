import { setTimeout as sleep } from "node:timers/promises";
import type { ActionSchema, Context, Middleware, ServiceBroker } from "moleculer";
import { within } from "../deadline.ts";
import { RetryBudget } from "./retry-budget.ts";

/** How often a call is made again. */
const MOST_RETRIES = 2;
/** The longest pause before the first of them, in ms; it doubles, and each is drawn anew from nothing to the longest. */
const PAUSE_MS = 50;

type Call = (ctx: Context) => Promise<unknown>;

/** What Moleculer's contexts, actions and registry have and its types do not tell. */
interface Repeatable extends Context<unknown, { idempotency?: { readonly action: string } }> {
  copy(): Repeatable;
}
interface Endpoints {
  readonly endpoints: readonly { readonly id: string; readonly isAvailable: boolean }[];
}

/**
 * Makes calls again whose node could not answer them. There are two kinds.
 *
 * *Refused*: a node that is stopping has said that it did not run the call. It is made at another node, once and at
 * once, whatever the action is and whoever calls: nothing was done.
 *
 * *Lost*: the node, or the bus, has gone while the call was in hand, and nobody knows what was done. Only an
 * idempotent action is called again, after a pause with jitter, within a budget and within the time that is left. And
 * only in one layer, the outermost: the call that the gateway makes for a request, or the platform's own work. A call
 * inside of that fails its caller, which is called again as a whole; three layers with two retries each would make 27
 * calls of one. A call that was given up here is marked as such, so that nobody further out begins anew.
 *
 * A timeout is not made good: the time is spent. Nor is an answer, whatever it says. Moleculer's own middleware knows
 * neither jitter nor budget nor layers.
 */
export function retries(budget = new RetryBudget()): Middleware {
  function around(this: ServiceBroker, next: Call, action: ActionSchema): Call {
    return (ctx) => {
      // An attempt of ours, or a call from another node, whose caller sees to it.
      if (attempts.has(ctx) || (ctx.endpoint?.local && ctx.nodeID !== this.nodeID)) return next(ctx);
      const outermost = isOutermost(ctx);
      if (outermost) budget.earn();
      const deadline = within(ctx.options.timeout || (this.options.requestTimeout as number));
      return next(ctx).catch((error: unknown) => {
        if (lossOf(error, action) === undefined) throw error;
        return again(this, ctx as Repeatable, action, outermost ? budget : undefined, deadline, error);
      });
    };
  }
  return {
    name: "retries",
    // Only now, after Moleculer's own: each attempt is one call to the breaker, and has its own timeout.
    created(broker) {
      broker.middlewares.add({ name: "retries", localAction: around as never, remoteAction: around as never });
    },
  };
}

const attempts = new WeakSet<object>();

async function again(
  broker: ServiceBroker,
  ctx: Repeatable,
  action: ActionSchema,
  budget: RetryBudget | undefined,
  deadline: number,
  first: unknown,
): Promise<unknown> {
  const name = action.name as string;
  const isIdempotent =
    (action as { idempotent?: boolean }).idempotent === true || ctx.meta.idempotency?.action === name;
  const tried = new Set([ctx.nodeID]);
  let error = first;
  for (let retry = 0; retry < MOST_RETRIES; retry++) {
    const loss = lossOf(error, action);
    if (loss === undefined) throw error;
    if (loss === "lost") {
      if (!budget || !isIdempotent) throw error;
      if (!budget.spend()) break;
      await sleep(Math.random() * PAUSE_MS * 2 ** retry);
    }
    const left = deadline - within(0);
    if (left <= 0) break;
    const attempt = ctx.copy();
    attempt.options = { ...ctx.options, timeout: left };
    attempts.add(attempt);
    const nodeID = another(broker, name, tried);
    try {
      return await broker.call(name, ctx.params as never, { ctx: attempt, ...(nodeID && { nodeID }) } as never);
    } catch (failed) {
      error = failed;
      tried.add(attempt.nodeID);
    }
  }
  if (budget) (error as { retryable?: boolean }).retryable = false;
  throw error;
}

/** Whether a call is the first of a request or of the platform's own work, and not made by an action. */
function isOutermost(ctx: Context): boolean {
  const { parentCtx } = ctx.options as { parentCtx?: Context };
  return !parentCtx?.action;
}

/** How a call was lost, if it was, as far as its error tells. */
function lossOf(error: unknown, { name }: ActionSchema): "refused" | "lost" | undefined {
  const { type, retryable, data } = (error ?? {}) as {
    type?: unknown;
    retryable?: unknown;
    data?: { action?: unknown; nodeID?: unknown };
  };
  if (retryable !== true) return undefined;
  if (type === "REQUEST_REJECTED") return "lost";
  // With a node it is that node's word of itself. Without one nobody was found, and looking again would find nobody.
  const gone = type === "SERVICE_NOT_AVAILABLE" || type === "SERVICE_NOT_FOUND";
  return gone && data?.action === name && data?.nodeID !== undefined ? "refused" : undefined;
}

/** A node that was not tried yet, any of them; undefined leaves the choice to Moleculer. */
function another(broker: ServiceBroker, action: string, tried: ReadonlySet<string | null>): string | undefined {
  const list = broker.registry.actions.get(action) as Endpoints | undefined;
  const others = list?.endpoints.filter(({ id, isAvailable }) => isAvailable && !tried.has(id)) ?? [];
  return others[Math.floor(Math.random() * others.length)]?.id;
}
