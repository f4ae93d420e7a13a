import { type Gateway, type GatewayRequest, rootContext } from "./http/exchange.ts";
import { respondError } from "./http/respond.ts";
import { Router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { serveDocsAsset } from "./operations/documents.ts";
import { ownRoutes } from "./own-routes.ts";
import { allRoutes, BASE, type Route } from "./routes.ts";
import type { Alias, WebService } from "./web.ts";

type Handler = Alias<GatewayRequest>["handler"];

/**
 * Makes an explicit alias of every route that the contracts declare. Answers what finds them by method and path;
 * moleculer-web's own search tries one regular expression after the other.
 */
export function addAliases(service: Gateway & WebService<GatewayRequest>): Router<Alias<GatewayRequest>> {
  const options = { bodyParsers: false, mergeParams: false, mappingPolicy: "restrict", logging: false };
  const aliasesOf = (routes: readonly Route[], base: string) =>
    Object.fromEntries(
      routes.map((route) => [`${route.method} ${route.path.slice(base.length)}`, handlerOf(service, route)]),
    );
  const atRoot = allRoutes.filter(({ rest }) => rest.root);
  const belowBase = allRoutes.filter(({ rest }) => !rest.root);
  // The files of the documentation's page are no routes of the contract: only the page asks for them.
  const docs = allRoutes.find((route) => route.path === "/docs") as Route;
  const assets: Handler = (req) => {
    req.exchange.route = { path: "/docs/:asset", rest: docs.rest };
    serveDocsAsset(service, req.exchange, req.params.asset as string).catch((error: unknown) =>
      respondError(service, req.exchange, error),
    );
  };
  service.addRoute({
    ...options,
    name: "root",
    path: "/",
    aliases: { ...aliasesOf(atRoot, ""), "GET /docs/:asset": assets },
  });
  service.addRoute({ ...options, name: "api", path: BASE, aliases: aliasesOf(belowBase, BASE) });
  const router = new Router<Alias<GatewayRequest>>();
  for (const alias of service.aliases) router.add(alias.method, alias.fullPath, alias);
  return router;
}

function handlerOf(service: Gateway, route: Route): Handler {
  const own = ownRoutes[route.action];
  return (req) => {
    const { exchange } = req;
    exchange.ctx = rootContext(service, exchange.requestId);
    serve(service, route, exchange, req.params, own).catch((error: unknown) => respondError(service, exchange, error));
  };
}
