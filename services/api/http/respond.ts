import type { Ctx } from "../../../platform/service.ts";
import type { Route } from "../routes.ts";
import { corsHeaders } from "./cors.ts";
import type { Exchange, Gateway } from "./exchange.ts";
import { answerTo, oauthError, problemBody } from "./problem.ts";

/** What every answer carries. The policy suits anything that is no page; pages bring their own. */
const SECURITY_HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  // Whether a page may read it depends on whose page it is: no cache may give it to another.
  Vary: "Origin",
};

/** What every answer carries by the settings. That all is encrypted is said only where it is, behind a proxy of ours. */
export function headersOfAll(hstsSeconds: number): Headers {
  if (hstsSeconds === 0) return SECURITY_HEADERS;
  return { ...SECURITY_HEADERS, "Strict-Transport-Security": `max-age=${hstsSeconds}; includeSubDomains` };
}

export type Headers = Record<string, string | number>;

/** How long a client may take nothing of an answer that waits for it, in ms. */
const STALLED_MS = 10_000;

/**
 * Sends an answer whole. Its length is given, so that it leaves in one piece and the connection can be used again. Throws
 * UNAVAILABLE when it is large and too many of those wait to be read already.
 */
export function respond(
  gateway: Gateway,
  exchange: Exchange,
  status: number,
  headers: Headers,
  body?: string | Buffer,
): void {
  const { req, res, requestId } = exchange;
  if (res.headersSent || res.destroyed) return;
  const all: Headers = { ...headersOf(gateway, exchange, status), "X-Request-Id": requestId, ...headers };
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  // A text is for this request alone; bytes are the same for everybody.
  if (typeof body === "string") gateway.traffic.hold(exchange, length);
  if (body !== undefined) all["Content-Length"] = length;
  // Node throws away what follows a request for another protocol: whoever has sent it would wait for its answer for ever.
  if (gateway.traffic.draining || req.headers.upgrade !== undefined) all.Connection = "close";
  res.writeHead(status, all);
  res.end(body);
  // A client that does not read its answer keeps its place among the requests in hand, but not for ever.
  if (res.writableLength > 0) req.socket.setTimeout(STALLED_MS);
}

/**
 * What an answer carries beside its own: who may read it, and how its limit stands. An error says nothing of a limit that
 * it is not about: of what is not there for the caller all answers are alike.
 */
export function headersOf(gateway: Gateway, { allowedOrigin, standing }: Exchange, status: number): Headers {
  const headers: Headers = { ...gateway.headers };
  if (allowedOrigin !== undefined) Object.assign(headers, corsHeaders(allowedOrigin));
  if (standing && (status < 400 || status === 429)) {
    headers["RateLimit-Limit"] = standing.limit;
    headers["RateLimit-Remaining"] = standing.remaining;
    headers["RateLimit-Reset"] = Math.ceil(standing.resetMs / 1_000);
  }
  return headers;
}

/** Answers what an action has answered, with the headers and the bytes that it left in the context's meta. */
export function respondResult(gateway: Gateway, route: Route, exchange: Exchange, result: unknown): void {
  const { $body, $replayed, $responseHeaders } = (exchange.ctx as Ctx).meta;
  const status = route.rest.status ?? 200;
  const headers: Headers = { ...$responseHeaders };
  if (route.rest.oauth) headers.Pragma = "no-cache";
  if ($replayed) headers["Idempotency-Replayed"] = "true";
  const id = (result as { id?: unknown } | null | undefined)?.id;
  if (route.location !== undefined && typeof id === "string") {
    headers.Location = route.location + encodeURIComponent(id);
    if (route.path.endsWith("/orders")) exchange.orderId = id;
  }
  const tag = headers.ETag;
  if (status === 204) {
    respond(gateway, exchange, status, headers);
  } else if (
    tag !== undefined &&
    route.method === "GET" &&
    matches(exchange.req.headers["if-none-match"], String(tag))
  ) {
    respond(gateway, exchange, 304, headers);
  } else {
    headers["Content-Type"] = "application/json";
    respond(gateway, exchange, status, headers, $body ?? textOf(result));
  }
}

const texts = new WeakMap<object, string>();

/** The JSON of a result. One that is given to many, and so is frozen, is written once. */
function textOf(result: unknown): string {
  if (typeof result !== "object" || result === null || !Object.isFrozen(result)) return JSON.stringify(result ?? null);
  let text = texts.get(result);
  if (text === undefined) {
    text = JSON.stringify(result);
    texts.set(result, text);
  }
  return text;
}

/** Whether an `If-None-Match` names an entity tag (RFC 9110, 13.1.2: by weak comparison). */
export function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  const strong = tag.replace(/^W\//, "");
  return header.split(",").some((one) => one.trim().replace(/^W\//, "") === strong);
}

/** Answers an error: as a problem (RFC 9457), or on the token routes as RFC 6749 says. */
export function respondError(gateway: Gateway, exchange: Exchange, error: unknown): void {
  const { requestId, route, ctx, req } = exchange;
  const answer = answerTo(error);
  const { status, details } = answer;
  if (answer.unforeseen)
    gateway.logger.error({ err: error, reqId: requestId, route: route?.path }, "a request has failed");
  const headers: Headers = {};
  if (details.retryAfter !== undefined) headers["Retry-After"] = Math.max(1, Math.ceil(details.retryAfter));
  // How much is left of a limit, as the action says that has refused.
  if (status === 429) Object.assign(headers, ctx?.meta.$responseHeaders);
  if (route?.rest.oauth) {
    const { status: said, body } = oauthError(answer);
    if (said === 401) headers["WWW-Authenticate"] = 'Basic realm="waybill", charset="UTF-8"';
    respond(gateway, exchange, said, { ...headers, Pragma: "no-cache", "Content-Type": "application/json" }, body);
    return;
  }
  if (status === 401) {
    const shown = req.headers.authorization === undefined ? "" : ', error="invalid_token"';
    headers["WWW-Authenticate"] = `Bearer realm="waybill"${shown}`;
  }
  if (status === 403) {
    const scope = route?.rest.scopes.join(" ") ?? "";
    headers["WWW-Authenticate"] = `Bearer realm="waybill", error="insufficient_scope", scope="${scope}"`;
  }
  headers["Content-Type"] = "application/problem+json";
  respond(gateway, exchange, status, headers, problemBody(answer, requestId));
}
