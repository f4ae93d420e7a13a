import { after } from "./clock.ts";
import { inTransaction, statement, type Tx } from "./database.ts";
import { idempotencyKeyReused } from "./errors.ts";
import type { SealedPlace, Sealing } from "./sealing/sealing.ts";
import type { Ctx, DomainService, Identity, Meta } from "./service.ts";

/** What a key is unique in, and the key: tenant, client, route, key. */
export type KeyScope = readonly [tenant: string, client: string, route: string, key: string];

/** What a key's row has of the answer: sealed, where the domain seals. */
export interface KeptAnswer {
  readonly fingerprint: string;
  readonly response: string | null;
  readonly sealed: Buffer | null;
}

/** The column that answers are sealed in. */
export const ANSWERS = "idempotency_keys.response";

const claim = statement(
  "idempotency.claim",
  `insert into idempotency_keys (tenant, client, route, key, fingerprint, created_at) values ($1, $2, $3, $4, $5, $6)
   on conflict do nothing returning key`,
);
const keepResponse = statement(
  "idempotency.keep",
  `update idempotency_keys set response = $5, sealed = $6
   where tenant = $1 and client = $2 and route = $3 and key = $4`,
);
const find = statement(
  "idempotency.find",
  "select fingerprint, response, sealed from idempotency_keys where tenant = $1 and client = $2 and route = $3 and key = $4",
);

interface OnceOptions<T> {
  /** What of the response a repetition is answered with, where that is not all of it: a secret is sent once. */
  readonly keep?: (response: T) => T;
  /** Whose rows it is about, `*` for all, where that is not the caller's tenant. */
  readonly tenant?: string;
}

/**
 * `inTransaction` for the handler of a POST: with an `Idempotency-Key`, the key, the effect and the response commit
 * together, and a repetition is answered with the bytes of the first success. A failure leaves the key free. A
 * twin that runs at the same time waits for the first one's commit on the key's row.
 */
export async function once<T>(ctx: Ctx, work: (tx: Tx) => Promise<T>, options: OnceOptions<T> = {}): Promise<T> {
  const asked = requestOf(ctx);
  const { database, clock, sealing } = ctx.service as unknown as DomainService;
  const { keep = (response) => response, tenant } = options;
  const transaction = <R>(run: (tx: Tx) => Promise<R>): Promise<R> =>
    tenant === undefined ? inTransaction(ctx, run) : database.transaction(tenant, run);
  if (!asked) return transaction(work);
  const { request, scope } = asked;
  const body = await transaction(async (tx) => {
    const [claimed] = await tx.query(claim, [...scope, request.fingerprint, clock.now()]);
    if (!claimed) {
      // A new statement, because the insert's own snapshot does not show the twin it has waited for.
      const [kept] = await tx.query<KeptAnswer>(find, scope);
      return replay(ctx, request.fingerprint, kept);
    }
    const response = await work(tx);
    const text = JSON.stringify(keep(response));
    const kept = sealing ? [null, sealAnswer(sealing, scope, text)] : [text, null];
    await tx.query(keepResponse, [...scope, ...kept]);
    ctx.meta.$replayed = false;
    return JSON.stringify(response);
  });
  ctx.meta.$body = body;
  return JSON.parse(body) as T;
}

/**
 * The answer to an earlier request with the same key, if there was one: for a handler that asks another domain to act
 * before its own transaction, which a repetition must not do, and a key that was used with another body still less.
 * Throws IDEMPOTENCY_KEY_REUSED.
 */
export async function kept<T>(ctx: Ctx): Promise<T | undefined> {
  const asked = requestOf(ctx);
  if (!asked) return undefined;
  const { database } = ctx.service as unknown as DomainService;
  const [found] = await database.of(asked.tenant).query<KeptAnswer>(find, asked.scope);
  if (!found) return undefined;
  ctx.meta.$body = replay(ctx, asked.request.fingerprint, found);
  return JSON.parse(ctx.meta.$body) as T;
}

/** The key of a request and what it is unique in, if the key is meant for the action that runs. */
function requestOf(
  ctx: Ctx,
): { request: NonNullable<Meta["idempotency"]>; tenant: string; scope: KeyScope } | undefined {
  const { identity, idempotency: request } = ctx.meta;
  if (!identity || !request || request.action !== ctx.action?.name) return undefined;
  const { tenant } = identity;
  return { request, tenant, scope: [tenant, keyOwner(identity), request.route, request.key] };
}

/** Whose a key is: the client's, or within the client the customer's, who shares the client with all the others. */
export function keyOwner({ client, customer }: Identity): string {
  return customer ? `${client}/${customer}` : client;
}

const forget = statement(
  "idempotency.forget",
  `with gone as (
     delete from idempotency_keys where (tenant, client, route, key) in (
       select tenant, client, route, key from idempotency_keys where created_at < $1
       order by created_at limit $2 for update skip locked)
     returning 1)
   select count(*)::int as count from gone`,
);
/** They are promised for a day; two leave room for clocks that differ. */
const KEPT_MS = 48 * 3_600_000;
const FORGOTTEN_TOGETHER = 1_000;

/** Forgets keys that are older than is promised. Answers 0 when there may be more. */
export async function forgetOldKeys({ database, clock }: DomainService): Promise<0 | undefined> {
  const [row] = await database.acrossTenants.query<{ count: number }>(forget, [
    after(clock.now(), -KEPT_MS),
    FORGOTTEN_TOGETHER,
  ]);
  return row?.count === FORGOTTEN_TOGETHER ? 0 : undefined;
}

/** Marks the answer as a repetition. Throws IDEMPOTENCY_KEY_REUSED when the body was another one. */
function replay(ctx: Ctx, fingerprint: string, kept: KeptAnswer | undefined): string {
  const asked = requestOf(ctx);
  if (kept?.fingerprint !== fingerprint || !asked) throw idempotencyKeyReused();
  ctx.meta.$replayed = true;
  return answerOf((ctx.service as unknown as DomainService).sealing, asked.scope, kept);
}

/** The answer of a key's row, as it was sent. */
export function answerOf(sealing: Sealing | undefined, scope: KeyScope, kept: KeptAnswer): string {
  return kept.sealed
    ? (sealing as Sealing).column(ANSWERS).open(placeOf(scope), kept.sealed)
    : (kept.response as string);
}

/** An answer as a domain keeps it that seals. */
export function sealAnswer(sealing: Sealing, scope: KeyScope, response: string): Buffer {
  return sealing.column(ANSWERS).seal(placeOf(scope), response);
}

/** The row that an answer belongs to. */
export function placeOf([tenant, ...rest]: KeyScope): SealedPlace {
  return { tenant, id: JSON.stringify(rest) };
}
