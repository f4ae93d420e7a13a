import type { Identity } from "../../../platform/service.ts";
import type { EdgeRules, KnownRules } from "../limits/edge-rules.ts";
import type { Exchange } from "./exchange.ts";
import type { Headers } from "./respond.ts";
import type { Router } from "./router.ts";

/** What a page may send, and what it may read, beside what any page may. */
const SENT = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id";
const READ =
  "ETag, Idempotency-Replayed, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, WWW-Authenticate, X-Request-Id";
const METHODS = ["GET", "POST", "PUT", "DELETE"];
/** For how long a browser need not ask again, in seconds. */
const PREFLIGHT_KEPT = 600;

/**
 * Which pages may read an answer. Before it is known whose it is, as in an answer that says nothing of any tenant: those
 * that any tenant allows. No answer is given with cookies, and no page gets one by `*`.
 */
export async function allowAnyTenants(rules: KnownRules, exchange: Exchange): Promise<void> {
  const { origin } = exchange.req.headers;
  if (origin !== undefined && (await rules.origins()).has(origin)) exchange.allowedOrigin = origin;
}

/** The same for an answer that cannot wait, by what was known last. */
export function allowLastKnown(rules: KnownRules, exchange: Exchange): void {
  const { origin } = exchange.req.headers;
  if (origin !== undefined && rules.lastOrigins.has(origin)) exchange.allowedOrigin = origin;
}

/** Now it is known whose answer it is: pages of others may not read it. */
export async function allowClients(rules: KnownRules, exchange: Exchange, client: string | undefined): Promise<void> {
  const { allowedOrigin } = exchange;
  if (allowedOrigin === undefined) return;
  const its: EdgeRules | undefined = client === undefined ? undefined : await rules.of(client);
  if (its?.origins.has(allowedOrigin) !== true) delete exchange.allowedOrigin;
}

/** The client that an answer to nobody known is for: whose token it brings, or who is named in what was asked. */
export function clientOf(
  identity: Identity | undefined,
  params: Readonly<Record<string, unknown>>,
  result: unknown,
): string | undefined {
  if (identity) return identity.client;
  const { access_token: token, client } = (result ?? {}) as { access_token?: unknown; client?: unknown };
  // Our own, made this moment: there is nothing to verify.
  if (typeof token === "string") return clientIn(token);
  const named = params.clientId ?? params.client_id ?? client;
  return typeof named === "string" ? named : undefined;
}

function clientIn(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    const { client_id: client } = claims as { client_id?: unknown };
    return typeof client === "string" ? client : undefined;
  } catch {
    return undefined;
  }
}

/** What an answer says to the browser of an allowed page. */
export function corsHeaders(origin: string): Headers {
  return { "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": READ };
}

/** What is answered to a browser that asks what a page may send; undefined when the page may send nothing there. */
export function preflight(exchange: Exchange, router: Router<unknown>): Headers | undefined {
  const { req, path, allowedOrigin } = exchange;
  if (allowedOrigin === undefined || req.headers["access-control-request-method"] === undefined) return undefined;
  const methods = METHODS.filter((method) => router.find(method, path) !== undefined);
  if (methods.length === 0) return undefined;
  return {
    "Access-Control-Allow-Methods": methods.join(", "),
    "Access-Control-Allow-Headers": SENT,
    "Access-Control-Max-Age": PREFLIGHT_KEPT,
    Vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
  };
}
