import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServiceSchema } from "moleculer";
import { configOf } from "../../platform/config.ts";
import { unavailable } from "../../platform/errors.ts";
import { verifierOf } from "../../platform/identity/token-verifier.ts";
import { redisOf } from "../../platform/redis.ts";
import { addAliases } from "./aliases.ts";
import { proxiesOf } from "./http/client-address.ts";
import { allowLastKnown } from "./http/cors.ts";
import { beginExchange, type Exchange, type Gateway, type GatewayRequest } from "./http/exchange.ts";
import { serveNothing, wrongHead } from "./http/refuse.ts";
import { type Headers, headersOfAll, respondError } from "./http/respond.ts";
import type { Router } from "./http/router.ts";
import { createHttpServer, listen } from "./http/server.ts";
import { Traffic } from "./http/traffic.ts";
import { KnownRules } from "./limits/edge-rules.ts";
import { RequestLimits } from "./limits/request-limits.ts";
import { ordersLog } from "./live/feed-source.ts";
import { LiveFeeds } from "./live/live-feeds.ts";
import { domainFigures } from "./operations/figures.ts";
import { checkDomains } from "./operations/health.ts";
import { Metrics } from "./operations/metrics.ts";
import { sharedAnswer } from "./operations/shared-answer.ts";
import { allRoutes, BASE } from "./routes.ts";
import { type Alias, type WebService, web } from "./web.ts";

/** How long a stop waits for the requests in hand, in ms. */
const GRACE_MS = 8_000;
const REPORT_KEPT_MS = 1_000;
const SAY_SHED_MS = 10_000;
const tokenRoutes = allRoutes.filter(({ rest }) => rest.oauth);

interface GatewayService extends Gateway, WebService<GatewayRequest> {
  headers: Headers;
  router: Router<Alias<GatewayRequest>>;
  drained: Promise<void> | undefined;
  /** When the log may say again that requests are turned away. */
  sayShedAfter: number;
  httpHandler(req: IncomingMessage, res: ServerResponse): void;
  drain(): Promise<void>;
  finish(exchange: Exchange): void;
  shed(exchange: Exchange): void;
}

interface Middlewares {
  add(middleware: object): void;
}

/** The gateway on moleculer-web: the contracts' routes as explicit aliases, and nothing else that could be reached. */
export const gateway = {
  name: "api",
  mixins: [web],
  events: {
    /** What the edge lets a client or a tenant do. */
    "auth.rules_changed"(this: GatewayService) {
      this.rules.outdate();
    },
    /** The live feeds do not wait for their next look. */
    "orders.log.grown"(this: GatewayService) {
      this.feeds.wake();
    },
  },
  methods: {
    createServer(this: GatewayService) {
      this.headers = headersOfAll(configOf(this.broker).hstsSeconds);
      this.server = createHttpServer((req, res) => this.httpHandler(req, res), this.headers);
    },

    /**
     * Takes a request straight to its alias. moleculer-web's own way there is a call of an action, a promise that waits
     * until the answer has left, and parts that are not used here (middlewares, CORS, files, routes by action's name).
     */
    httpHandler(this: GatewayService, req: IncomingMessage, res: ServerResponse) {
      const exchange = beginExchange(req, res, this.proxies);
      // Not the routes at the root: who looks how the gateway is does so when it has too much to do.
      if (!exchange.path.startsWith(`${BASE}/`)) this.traffic.enterAnyway();
      else if (!this.traffic.enter()) return this.shed(exchange);
      res.on("close", () => this.finish(exchange));
      const wrong = wrongHead(req);
      if (wrong) return respondError(this, exchange, wrong);
      const found = this.router.find(req.method === "HEAD" ? "GET" : (req.method as string), exchange.path);
      if (!found) {
        serveNothing(this, exchange, this.router).catch((error: unknown) => respondError(this, exchange, error));
        return;
      }
      found.target.handler.call(this, Object.assign(req, { exchange, params: found.params }), res);
    },

    /** Turns a request away before anything is done for it: its body is not read, nor its token, and it is not logged. */
    shed(this: GatewayService, exchange: Exchange) {
      const { req, path } = exchange;
      // These alone answer errors in another form.
      const route = tokenRoutes.find((one) => one.path === path && one.method === req.method);
      if (route) exchange.route = route;
      allowLastKnown(this.rules, exchange);
      respondError(this, exchange, unavailable({ detail: "Too many requests are in hand.", retryAfter: 1 }));
      const now = performance.now();
      if (now < this.sayShedAfter) return;
      this.sayShedAfter = now + SAY_SHED_MS;
      this.logger.warn({ inFlight: this.traffic.inFlight, shed: this.traffic.shed }, "requests are turned away");
    },

    /** Counts and logs a request that is over: the route as declared, never the address, which may hold a ticket. */
    finish(this: GatewayService, exchange: Exchange) {
      const { req, res, requestId, identity, orderId, route, startedAt, isFeed } = exchange;
      const ms = performance.now() - startedAt;
      this.traffic.letGo(exchange);
      // 499, as nginx says it: the client went before the answer had left.
      const status = isFeed || res.writableFinished ? res.statusCode : 499;
      if (!isFeed) {
        this.traffic.leave();
        this.metrics.observe(exchange, status, ms);
      }
      const { method } = req;
      const fields = {
        reqId: requestId,
        tenant: identity?.tenant,
        client: identity?.client,
        customer: identity?.customer,
        orderId,
        method,
        route: route?.path,
        status,
        ms: Math.round(ms * 10) / 10,
      };
      this.logger.info(fields, "request");
    },

    /** Takes no more requests, ends the live feeds and waits for what is in hand. */
    drain(this: GatewayService): Promise<void> {
      this.drained ??= drain(this);
      return this.drained;
    },
  },
  created(this: GatewayService) {
    // moleculer-web's listener ends the process when the port is taken.
    this.server.removeAllListeners("error");
    this.server.on("error", (error) => this.logger.error({ err: error }, "the HTTP server has failed"));
    const { broker, logger } = this;
    const traffic = new Traffic(configOf(broker).mostInFlight);
    const verifier = verifierOf(broker);
    const feeds = new LiveFeeds(
      () => ordersLog(broker, logger, configOf(broker).pollMs),
      (tokenId) => verifier.isRevoked(tokenId),
      logger,
    );
    verifier.onRevoked((tokenId) => feeds.endToken(tokenId));
    const metrics = new Metrics({
      inFlight: () => traffic.inFlight,
      feeds: () => feeds.size,
      shed: () => traffic.shed,
    });
    const rules = new KnownRules(broker);
    Object.assign(this, {
      traffic,
      verifier,
      rules,
      limits: new RequestLimits(rules, configOf(broker).addressRequestsPerMinute, redisOf(broker)),
      proxies: proxiesOf(configOf(broker).trustedProxies),
      feeds,
      metrics,
      health: sharedAnswer(() => checkDomains(broker), REPORT_KEPT_MS),
      figures: sharedAnswer(() => domainFigures(broker), REPORT_KEPT_MS),
      sayShedAfter: 0,
    } satisfies Partial<GatewayService>);
    this.router = addAliases(this);
  },
  async started(this: GatewayService) {
    const { host, port } = configOf(this.broker).http;
    await listen(this.server, host, port);
    // Before any service stops: the requests in hand still need the domains.
    (this.broker.middlewares as unknown as Middlewares).add({ name: "gateway", stopping: () => this.drain() });
  },
  async stopped(this: GatewayService) {
    await this.drain();
  },
} as unknown as ServiceSchema;

async function drain(service: GatewayService): Promise<void> {
  const { server, traffic, feeds } = service;
  traffic.drain();
  const closed = new Promise((resolve) => server.close(resolve));
  await feeds.stop();
  await traffic.ended(GRACE_MS);
  // What is left are connections without a request, and requests that took too long.
  server.closeAllConnections();
  await closed;
}
