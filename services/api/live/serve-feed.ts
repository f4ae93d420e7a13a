import { type Ctx, call, type Identity } from "../../../platform/service.ts";
import { headersOf } from "../http/respond.ts";
import type { Serve } from "../http/serve.ts";

/**
 * Opens a live feed: of one order, which the caller must see, or of all that the token may see. Where it begins is
 * settled before the headers leave, so that nothing that happens after they arrive is missed.
 */
export const serveFeed: Serve = async (gateway, exchange, params) => {
  const { req, res, requestId } = exchange;
  const identity = exchange.identity as Identity;
  const order = params.id as string | undefined;
  if (order !== undefined) await call(exchange.ctx as Ctx, "orders.visible", { id: order });
  const { tenant, customer, expires, tokenId, epoch } = identity;
  const filter = { tenant, customer, order, expires, tokenId, epoch };
  const named = req.headers["last-event-id"];
  const start = await gateway.feeds.startOf(typeof named === "string" && named !== "" ? named : undefined, filter);
  if (res.destroyed) return;
  res.writeHead(200, {
    ...headersOf(gateway, exchange, 200),
    "Content-Type": "text/event-stream",
    // Proxies would hold events back to make larger pieces of them.
    "X-Accel-Buffering": "no",
    "X-Request-Id": requestId,
  });
  if (req.method === "HEAD") return void res.end();
  exchange.isFeed = true;
  gateway.traffic.leave();
  gateway.feeds.open(res, filter, start);
};
