import type { ActionSchema, Context, Middleware } from "moleculer";
import type { Audited } from "../contracts.ts";
import { deadlineOf, within } from "../deadline.ts";
import { unavailable } from "../errors.ts";
import { newId } from "../ids.ts";
import { type Ctx, type DomainService, serviceContext } from "../service.ts";

/** An act as it is asked for. */
export interface Act {
  readonly id: string;
  readonly tenant: string;
  readonly client: string;
  readonly customer?: string;
  /** The action's full name. */
  readonly action: string;
  readonly object?: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly address?: string;
  readonly requestId?: string;
}

/** How an act has ended: `OK`, or the code of its error. */
export interface Outcome {
  readonly act: string;
  readonly outcome: string;
  /** What was made, where the act could not say it before. */
  readonly object?: string;
}

type Made = Readonly<Record<string, unknown>> | null | undefined;

/** How long the record of what was done is waited for, in ms, once it was done. */
const OUTCOME_MS = 5_000;

/**
 * Has every act that is `audited` recorded on whichever node it runs: what is asked for before it, and how it ended
 * behind it. It fails closed: what cannot be recorded is not done (UNAVAILABLE). Of an act whose outcome could not be
 * recorded any more the log says that it was asked for, and that is all that it says of one whose node died over it.
 *
 * It stands inside of the checks: who may not do it, or asks for what is not valid, has not acted.
 *
 * @param recorders the actions that record an {@link Act} and an {@link Outcome}
 */
export function audit(recorders: { readonly act: string; readonly outcome: string }): Middleware {
  return {
    name: "audit",
    localAction(next: (ctx: Context) => Promise<unknown>, action: ActionSchema) {
      const { audited } = action as { audited?: Audited };
      if (!audited) return next;
      return async (given: Context) => {
        const ctx = given as unknown as Ctx;
        const act = actOf(ctx, action.name as string, audited);
        try {
          // By the service itself: what the caller has sent along is not for this call.
          await serviceContext(ctx.service as DomainService, "*", deadlineOf(ctx)).call(recorders.act, act);
        } catch (error) {
          const refusal = unavailable({ detail: "The audit log cannot be written now.", retryAfter: 2 });
          throw Object.assign(refusal, { cause: error });
        }
        const tell = async (ended: Omit<Outcome, "act">) => {
          const outcome: Outcome = { act: act.id, ...ended };
          try {
            await serviceContext(ctx.service as DomainService, "*", within(OUTCOME_MS)).call(
              recorders.outcome,
              outcome,
            );
          } catch (error) {
            (ctx.service as DomainService).logger.error(
              { err: error, ...outcome },
              "how an act has ended is not recorded",
            );
          }
        };
        let result: unknown;
        try {
          result = await next(given);
        } catch (error) {
          await tell({ outcome: codeOf(error) });
          throw error;
        }
        const made = act.object === undefined ? (result as Made)?.[audited.makes ?? "id"] : undefined;
        await tell({ outcome: "OK", ...(typeof made === "string" && { object: made }) });
        return result;
      };
    },
  };
}

function actOf(ctx: Ctx, action: string, { object, keeps = [] }: Audited): Act {
  const { identity, address } = ctx.meta;
  const params = ctx.params as Readonly<Record<string, unknown>>;
  const of = object === undefined ? undefined : params[object];
  const kept = keeps.filter((name) => params[name] !== undefined).map((name) => [name, params[name]]);
  return {
    id: newId(),
    tenant: identity?.tenant ?? "*",
    client: identity?.client ?? "unknown",
    ...(identity?.customer !== undefined && { customer: identity.customer }),
    action,
    ...(of !== undefined && { object: String(of) }),
    params: Object.fromEntries(kept) as Act["params"],
    ...(address && { address }),
    ...(ctx.requestID && { requestId: ctx.requestID }),
  };
}

function codeOf(error: unknown): string {
  const { type } = (error ?? {}) as { type?: unknown };
  return typeof type === "string" && /^\w{1,100}$/.test(type) ? type : "INTERNAL_ERROR";
}
