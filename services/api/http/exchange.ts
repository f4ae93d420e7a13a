import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import type { Service } from "moleculer";
import type { Figure } from "../../../platform/figure.ts";
import type { TokenVerifier } from "../../../platform/identity/token-verifier.ts";
import { newId } from "../../../platform/ids.ts";
import type { Logger } from "../../../platform/logger.ts";
import type { Ctx, Identity } from "../../../platform/service.ts";
import type { HealthReport } from "../contract.ts";
import type { KnownRules } from "../limits/edge-rules.ts";
import type { Standing } from "../limits/rate-limit.ts";
import type { RequestLimits } from "../limits/request-limits.ts";
import type { LiveFeeds } from "../live/live-feeds.ts";
import type { Metrics } from "../operations/metrics.ts";
import type { Route } from "../routes.ts";
import { clientAddress } from "./client-address.ts";
import type { Headers } from "./respond.ts";
import type { Traffic } from "./traffic.ts";

/** The gateway's service, as what serves a request sees it. */
export interface Gateway extends Pick<Service, "broker"> {
  readonly logger: Logger;
  readonly traffic: Traffic;
  /** Says whose a token is. */
  readonly verifier: TokenVerifier;
  readonly limits: RequestLimits;
  readonly rules: KnownRules;
  /** What every answer carries. */
  readonly headers: Headers;
  /** The proxies in front of it, whose word is taken for whom they ask for. */
  readonly proxies: BlockList;
  readonly feeds: LiveFeeds;
  readonly metrics: Metrics;
  /** How the domains are; shared by those who ask within a second. */
  readonly health: () => Promise<HealthReport>;
  readonly figures: () => Promise<readonly Figure[]>;
}

/** One request and its answer. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  /** Milliseconds on the monotonic clock. */
  readonly startedAt: number;
  /** The target without its query, and the query without its `?`. */
  readonly path: string;
  readonly query: string;
  /** Who asks, for limits: the other end of the socket, or whom a trusted proxy asks for. Never what a caller says. */
  readonly address: string | undefined;
  /** The context of all calls that are made for the request, from the moment that a route was found. */
  ctx?: Ctx;
  route?: Pick<Route, "path" | "rest">;
  identity?: Identity;
  /** How the last limit that was looked at stands with it. */
  standing?: Standing;
  /** Whose orders it counts among. */
  orderer?: string;
  /** The origin of the page that may read the answer. */
  allowedOrigin?: string;
  orderId?: string;
  /** The bytes of its body and its answer that count among those in hand. */
  held: number;
  /** It has become a live feed, and is no request in hand any more. */
  isFeed?: true;
}

/** A request on its way to its alias, with the path's parameters as they were sent. */
export interface GatewayRequest extends IncomingMessage {
  exchange: Exchange;
  params: Readonly<Record<string, string>>;
}

/**
 * The context that a request's calls are made from. It is no call itself: it lasts as long as its client, and the
 * gateway counts requests, sheds them and waits for them when it stops.
 */
export function rootContext(gateway: Gateway, requestId: string): Ctx {
  const ctx = new gateway.broker.ContextFactory(gateway.broker) as unknown as Ctx;
  ctx.service = gateway as unknown as Service;
  ctx.requestID = requestId;
  return ctx;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The exchange that a request begins. A client may name it, in letters that are safe in any log. */
export function beginExchange(req: IncomingMessage, res: ServerResponse, proxies: BlockList): Exchange {
  const given = req.headers["x-request-id"];
  const requestId = typeof given === "string" && REQUEST_ID.test(given) ? given : newId();
  const target = originForm(req.url ?? "/");
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  return {
    req,
    res,
    requestId,
    startedAt: performance.now(),
    // One slash at the end is as none.
    path: path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path,
    query: mark < 0 ? "" : target.slice(mark + 1),
    address: clientAddress(req, proxies),
    held: 0,
  };
}

/** The target in origin form. A proxy's absolute form names the host once more (RFC 9112, 3.2.2). */
function originForm(target: string): string {
  if (target.startsWith("/")) return target;
  const authority = target.indexOf("://");
  const slash = authority < 0 ? -1 : target.indexOf("/", authority + 3);
  return slash < 0 ? "/" : target.slice(slash);
}
