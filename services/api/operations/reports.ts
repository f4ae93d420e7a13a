import { respond } from "../http/respond.ts";
import type { Serve } from "../http/serve.ts";
import { figuresText } from "./figures.ts";

/** Whether everything works, dependency by dependency: 503 when one does not. */
export const serveHealth: Serve = async (gateway, exchange) => {
  const report = await gateway.health();
  const headers = { "Content-Type": "application/json", ...(report.status === "down" && { "Retry-After": 5 }) };
  respond(gateway, exchange, report.status === "up" ? 200 : 503, headers, JSON.stringify(report));
};

/** Whether the process runs. It asks nobody: a database that is away is no reason to start the process anew. */
export const serveLive: Serve = async (gateway, exchange) => {
  respond(gateway, exchange, 200, { "Content-Type": "application/json" }, '{"status":"up"}');
};

/** As {@link serveHealth}; a gateway that is about to stop wants no more requests. */
export const serveReady: Serve = async (gateway, exchange, params) => {
  if (!gateway.traffic.draining) return serveHealth(gateway, exchange, params);
  const body = JSON.stringify({ status: "down", dependencies: {} });
  respond(gateway, exchange, 503, { "Content-Type": "application/json", "Retry-After": 5 }, body);
};

/** The figures of the process, the gateway and the domains. */
export const serveMetrics: Serve = async (gateway, exchange) => {
  const [own, figures] = await Promise.all([gateway.metrics.text(), gateway.figures()]);
  const type = "text/plain; version=0.0.4; charset=utf-8";
  respond(gateway, exchange, 200, { "Content-Type": type }, own + figuresText(figures));
};
