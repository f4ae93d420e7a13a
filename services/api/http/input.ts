import { idempotencyKeyRequired, validationFailed } from "../../../platform/errors.ts";
import type { Meta } from "../../../platform/service.ts";
import { fieldErrors, pointerSegment } from "../../../platform/validator.ts";
import type { Route } from "../routes.ts";
import { readBody } from "./body.ts";
import { fingerprintOf } from "./canonical-json.ts";
import { withBasicCredentials } from "./credentials.ts";
import type { Exchange } from "./exchange.ts";
import { type Query, readQuery } from "./query.ts";

export type Params = Record<string, unknown>;

/** What a request asks for, once its input was read. */
export interface Asked {
  readonly params: Params;
  readonly idempotency?: Meta["idempotency"];
}

/** The action's params: the path's, with the members of the body or of the query. */
export async function readInput(route: Route, exchange: Exchange, path: Params): Promise<Asked> {
  const { req, query } = exchange;
  const key = route.method === "POST" && !route.rest.oauth ? readKey(route, req.headers["idempotency-key"]) : undefined;
  if (!route.hasBody) return { params: readParams(route, query, path) };
  if (query !== "") assertNone(readQuery(query, route.query));
  const params = await readBody(req, route.rest.oauth === true);
  if (route.rest.oauth) withBasicCredentials(params, req.headers.authorization);
  for (const name in path) {
    if (Object.hasOwn(params, name))
      throw validationFailed({ errors: [{ path: pointerSegment(name), message: "is not a known field" }] });
    params[name] = path[name];
  }
  if (key === undefined) return { params };
  const { action, rest } = route;
  return { params, idempotency: { key, route: rest.route, fingerprint: fingerprintOf(params), action } };
}

function readParams(route: Route, query: string, path: Params): Params {
  const { members, errors } = readQuery(query, route.query, path);
  const params = Object.assign(members, path);
  if (errors.length === 0) return params;
  // All that is wrong is named at once, what the schema says of the rest included.
  const named = new Set(errors.map((error) => error.path));
  const more = fieldErrors(route.contract.params, params).filter((error) => !named.has(error.path));
  throw validationFailed({ errors: [...errors, ...more].slice(0, 20) });
}

/** Beside a body a query is as wrong as an unknown field. */
function assertNone({ members, errors }: Query): void {
  const unknown = Object.keys(members).map((name) => ({ path: pointerSegment(name), message: "is not a known field" }));
  if (unknown.length + errors.length > 0) throw validationFailed({ errors: [...errors, ...unknown].slice(0, 20) });
}

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

function readKey(route: Route, key: string | string[] | undefined): string | undefined {
  if (key === undefined) {
    if (route.rest.idempotency === "required") throw idempotencyKeyRequired();
    return undefined;
  }
  if (typeof key === "string" && VISIBLE_ASCII.test(key)) return key;
  throw idempotencyKeyRequired({ detail: "The Idempotency-Key must be 1 to 255 visible ASCII characters." });
}
