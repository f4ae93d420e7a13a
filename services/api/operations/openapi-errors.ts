import type { ActionContract } from "../../../platform/contracts.ts";
import {
  bodyTooLarge,
  type ErrorKind,
  forbidden,
  idempotencyInFlight,
  idempotencyKeyRequired,
  idempotencyKeyReused,
  internalError,
  malformedRequest,
  notFound,
  rateLimited,
  unauthorised,
  unavailable,
  unsupportedMediaType,
  validationFailed,
} from "../../../platform/errors.ts";
import type { Route } from "../routes.ts";
import type { Json } from "./json-schema.ts";

/** A report is no problem: it is given in full, whatever it says. */
export function isReport(contract: ActionContract): boolean {
  return contract.result.$id === "HealthReport";
}

/** The kinds of error that the gateway itself answers on a route, whatever the action. */
function impliedErrors({ rest, method, hasBody, pathParams, query }: Route): ErrorKind[] {
  const kinds: ErrorKind[] = [];
  if (!rest.open) kinds.push(unauthorised);
  if (!rest.root) kinds.push(rateLimited);
  if (rest.scopes.length > 0 || rest.customer) kinds.push(forbidden);
  if (pathParams.length > 0) kinds.push(notFound);
  if (query.size > 0 || hasBody) kinds.push(validationFailed);
  if (hasBody) kinds.push(malformedRequest, bodyTooLarge, unsupportedMediaType);
  if (method === "POST" && !rest.oauth) kinds.push(idempotencyKeyRequired, idempotencyKeyReused, idempotencyInFlight);
  return [...kinds, internalError, unavailable];
}

/** The answers to what goes wrong on a route, by status, each with the codes it may have. */
export function failures(route: Route, declared: readonly ErrorKind[]): Json {
  if (isReport(route.contract) || (route.rest.root && route.rest.produces)) return {};
  const byStatus = new Map<number, Map<string, ErrorKind>>();
  for (const kind of [...declared, ...impliedErrors(route)]) {
    // The token routes say "invalid_request" to whatever is not valid.
    if (route.rest.oauth && kind.status === 422) continue;
    const kinds = byStatus.get(kind.status) ?? new Map<string, ErrorKind>();
    byStatus.set(kind.status, kinds.set(kind.code, kind));
  }
  const type = route.rest.oauth ? "application/json" : "application/problem+json";
  const schema = { $ref: `#/components/schemas/${route.rest.oauth ? "OAuthError" : "Problem"}` };
  return Object.fromEntries(
    [...byStatus].map(([status, kinds]) => {
      const description = [...kinds.values()].map(({ code, title }) => `\`${code}\`: ${title}`).join("\n\n");
      const retry = status === 429 || status === 503;
      const headers = { "Retry-After": { description: "Seconds to wait.", schema: { type: "integer" } } };
      return [status, { description, ...(retry && { headers }), content: { [type]: { schema } } }];
    }),
  );
}

const text = { type: "string" };
export const PROBLEM: Json = {
  type: "object",
  description: "A problem (RFC 9457). Some codes have members of their own.",
  required: ["type", "title", "status", "code", "requestId"],
  properties: {
    type: { ...text, format: "uri-reference" },
    title: text,
    status: { type: "integer" },
    code: { ...text, description: "Stable; listed at /docs/errors." },
    detail: text,
    requestId: text,
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["path", "message"],
        properties: { path: { ...text, description: "A JSON Pointer." }, message: text },
      },
    },
  },
};
export const OAUTH_ERROR: Json = {
  type: "object",
  description: "An error (RFC 6749, 5.2).",
  required: ["error"],
  properties: { error: text, error_description: text },
};
