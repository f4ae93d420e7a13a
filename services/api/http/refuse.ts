import type { IncomingMessage } from "node:http";
import { malformedRequest, notFound, type Problem } from "../../../platform/errors.ts";
import { addressTooLong } from "../contract.ts";
import { allowAnyTenants, preflight } from "./cors.ts";
import type { Exchange, Gateway } from "./exchange.ts";
import { respond } from "./respond.ts";
import type { Router } from "./router.ts";

/** Of a head of 16 kB at most. */
const LONGEST_ADDRESS = 12 * 1_024;
/** Of two of these Node takes the first, and a proxy in front may have taken the other. */
const ONCE: ReadonlySet<string> = new Set(["host", "authorization", "content-type", "content-encoding", "origin"]);

/** What is wrong with the head of a request before anybody looks for its route. */
export function wrongHead(req: IncomingMessage): Problem | undefined {
  if ((req.url ?? "").length > LONGEST_ADDRESS) return addressTooLong();
  if (req.headers.host === undefined && req.httpVersion === "1.1")
    return malformedRequest({ detail: "The Host header is missing." });
  const twice = repeatedHeader(req.rawHeaders);
  return twice === undefined ? undefined : malformedRequest({ detail: `The header ${twice} must be sent once.` });
}

function repeatedHeader(raw: readonly string[]): string | undefined {
  let seen: string[] | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    if (!ONCE.has(name)) continue;
    if (seen?.includes(name)) return name;
    seen ??= [];
    seen.push(name);
  }
  return undefined;
}

/** Answers what finds no route: a browser that asks what a page may send to one, and everybody else that nothing is there. */
export async function serveNothing(gateway: Gateway, exchange: Exchange, router: Router<unknown>): Promise<void> {
  await gateway.limits.countAddress(exchange);
  await allowAnyTenants(gateway.rules, exchange);
  const headers = exchange.req.method === "OPTIONS" ? preflight(exchange, router) : undefined;
  if (!headers) throw notFound();
  respond(gateway, exchange, 204, headers);
}
