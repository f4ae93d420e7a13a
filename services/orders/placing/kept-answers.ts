import type { Static } from "@sinclair/typebox";
import { statement } from "../../../platform/database.ts";
import type { Deadline } from "../../../platform/deadline.ts";
import { idempotencyKeyReused } from "../../../platform/errors.ts";
import { answerOf, type KeptAnswer, keyOwner } from "../../../platform/idempotency.ts";
import type { DomainService, Identity, Meta } from "../../../platform/service.ts";
import type { contract, Order } from "../contract.ts";

type Params = Static<(typeof contract)["actions"]["place"]["params"]>;

/** A request to place an order, on its way through a set of those that arrived together. */
export interface PlaceRequest {
  readonly params: Params;
  readonly identity: Identity;
  readonly idempotency: Meta["idempotency"];
  readonly correlationId: string;
  /** When its caller stops waiting. */
  readonly deadline: Deadline;
}

/** What became of a request: the order with the response's bytes, or what is wrong with it. */
export type PlaceResult =
  | { readonly order: Order; readonly body: string; readonly replayed: boolean }
  | { readonly problem: Error };

const keptResponses = statement(
  "orders.kept_responses",
  `select k.tenant, k.client, k.route, k.key, k.fingerprint, k.response, k.sealed from json_to_recordset($1) as r(
     tenant text, client text, route text, key text)
   join idempotency_keys k using (tenant, client, route, key)`,
);

function scopeOf({ identity, idempotency }: PlaceRequest) {
  if (!idempotency) return undefined;
  return { tenant: identity.tenant, client: keyOwner(identity), route: idempotency.route, key: idempotency.key };
}

function scopeText(scope: { tenant: string; client: string; route: string; key: string }): string {
  return JSON.stringify([scope.tenant, scope.client, scope.route, scope.key]);
}

/** What the requests among some were answered whose keys had been used before, by this node or another. */
export async function keptAnswers(
  { database, sealing }: DomainService,
  requests: readonly PlaceRequest[],
): Promise<Map<PlaceRequest, PlaceResult>> {
  const answers = new Map<PlaceRequest, PlaceResult>();
  const scopes = requests.flatMap((request) => scopeOf(request) ?? []);
  if (scopes.length === 0) return answers;
  type Kept = { tenant: string; client: string; route: string; key: string };
  const rows = await database.acrossTenants.query<Kept & KeptAnswer>(keptResponses, [JSON.stringify(scopes)]);
  const kept = new Map(rows.map((row) => [scopeText(row), row]));
  for (const request of requests) {
    const scope = scopeOf(request);
    const row = scope && kept.get(scopeText(scope));
    if (!row) continue;
    if (row.fingerprint !== request.idempotency?.fingerprint) {
      answers.set(request, { problem: idempotencyKeyReused() });
      continue;
    }
    const body = answerOf(sealing, [row.tenant, row.client, row.route, row.key], row);
    answers.set(request, { order: JSON.parse(body) as Order, body, replayed: true });
  }
  return answers;
}

/** Some of what came of requests, without the twins of others: those that have the same key as one before them. */
export function firstOfEachKey<T extends { readonly request: PlaceRequest }>(all: readonly T[]): T[] {
  const seen = new Set<string>();
  return all.filter(({ request }) => {
    const scope = scopeOf(request);
    if (!scope) return true;
    const text = scopeText(scope);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
