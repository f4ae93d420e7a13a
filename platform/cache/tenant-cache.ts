import { hash } from "node:crypto";
import type { ActionSchema, Context, Middleware } from "moleculer";
import { newId } from "../ids.ts";
import { DoesNotOpen, type SealedColumn } from "../sealing/sealing.ts";
import type { DomainService, Meta } from "../service.ts";

/** How long an answer is kept, in seconds; the longest that one may be out of date when a change was not told. */
export const KEPT_SECONDS = 30;
/** Outlives every answer that was kept before it. */
const GENERATION_SECONDS = 86_400;

type Handler = (ctx: Context) => Promise<unknown>;
type TenantContext = Context<unknown, Pick<Meta, "identity">>;

/** Where answers are kept: one of Moleculer's cachers. A key that is not there is `undefined`. */
export interface Store {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, seconds: number): Promise<unknown>;
}

/**
 * The key of an answer: the tenant first, then the action, then the params, which no letter of theirs can make look
 * like others. What is a customer's own has the customer behind the tenant. Moleculer's own keys know no tenant, and do not tell `a|"b"` from `a` and `b`. Null for a caller
 * without a tenant of its own: such an answer is not kept.
 */
export function tenantKey(action: ActionSchema, _options: unknown, ctx: TenantContext): string | null {
  const owner = ownerOf(ctx, action);
  if (owner === undefined) return null;
  const params = Object.entries(ctx.params as object).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${owner}/${action.name}/${hash("sha256", JSON.stringify(params), "base64url")}`;
}

/**
 * Answers from the store, or else by the handler and keeps it. An answer belongs to the generation of the tenant's
 * data that was read before the handler ran: one that was read before a change and kept after it is never found
 * again. A store that fails is done without.
 */
export async function answered(store: Store, ctx: Context, key: string | null, handler: Handler): Promise<unknown> {
  if (key === null) return handler(ctx);
  let place: string;
  try {
    const generation = await store.get(generationKey(ctx as TenantContext, ctx.action as ActionSchema));
    place = `${key}/${String(generation)}`;
    const kept = read(ctx, place, await store.get(place));
    if (kept !== undefined) {
      ctx.cachedResult = true;
      return kept;
    }
  } catch {
    return handler(ctx);
  }
  const result = await handler(ctx);
  // Nobody waits for it, nor minds.
  store.set(place, written(ctx, place, result), KEPT_SECONDS).catch(() => {});
  return result;
}

/** What is a customer's own is personal, and lies in the cache as it does in the database. */
function written(ctx: Context, place: string, result: unknown): unknown {
  const column = sealedIn(ctx);
  if (!column) return result;
  return { sealed: column.seal({ tenant: "*", id: place }, JSON.stringify(result)).toString("base64") };
}

function read(ctx: Context, place: string, kept: unknown): unknown {
  const column = sealedIn(ctx);
  if (!column || kept === undefined || kept === null) return kept ?? undefined;
  try {
    return JSON.parse(
      column.open({ tenant: "*", id: place }, Buffer.from((kept as { sealed: string }).sealed, "base64")),
    );
  } catch (error) {
    // By another key, on a node that has others: it is made anew.
    if (error instanceof DoesNotOpen) return undefined;
    throw error;
  }
}

function sealedIn({ action, service }: Context): SealedColumn | undefined {
  const isCustomers = (action as { customer?: boolean } | null)?.customer;
  return isCustomers ? (service as unknown as DomainService).sealing.column("cache.answer") : undefined;
}

/** Actions of one service of which some are answered from the cache, and others change what those answer. */
export function cached<A extends Record<string, ActionSchema>>(
  actions: A,
  { reads, changes }: { readonly reads: readonly (keyof A)[]; readonly changes: readonly (keyof A)[] },
): A {
  const marked: Record<string, ActionSchema> = { ...actions };
  for (const name of reads as string[]) {
    const action = marked[name] as ActionSchema & { scopes?: readonly string[] };
    // The cache is asked before the scopes are.
    if ((action.scopes ?? []).length > 0) throw new Error(`${name} needs scopes and cannot be cached`);
    marked[name] = { ...action, cache: true };
  }
  for (const name of changes as string[]) marked[name] = { ...marked[name], forgets: true } as ActionSchema;
  return marked as A;
}

/** Begins a new generation of a tenant's answers when an action has changed what they say, before it is answered. */
export const forgetting: Middleware = {
  name: "forgetting",
  localAction(next: Handler, action: ActionSchema) {
    if (!(action as { forgets?: boolean }).forgets) return next;
    return async (ctx: Context) => {
      try {
        return await next(ctx);
      } finally {
        // After a failure too: nobody knows what a lost connection has committed.
        const store = ctx.broker.cacher as unknown as Store | null;
        const key = generationKey(ctx as TenantContext, action);
        await store?.set(key, newId(), GENERATION_SECONDS).catch(() => {});
      }
    };
  },
};

function generationKey(ctx: TenantContext, action: ActionSchema): string {
  return `${ownerOf(ctx, action)}/${String(action.name).split(".", 1)[0]}`;
}

/** Whose answers an action gives: a tenant's, or a customer's. */
function ownerOf(ctx: TenantContext, action: ActionSchema): string | undefined {
  const { tenant, customer } = ctx.meta.identity ?? {};
  if (tenant === undefined || tenant === "*") return undefined;
  if (!(action as { customer?: boolean }).customer) return tenant;
  // Without one the action answers that it is a customer's alone.
  return customer === undefined ? undefined : `${tenant}/${customer}`;
}
