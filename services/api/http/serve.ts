import { configOf } from "../../../platform/config.ts";
import { endBy, within } from "../../../platform/deadline.ts";
import { forbidden, notFound, unauthorised } from "../../../platform/errors.ts";
import { CUSTOMERS_ALONE } from "../../../platform/middlewares/scopes.ts";
import { type Ctx, call, type Identity, type Meta } from "../../../platform/service.ts";
import { assertValid, fieldErrors } from "../../../platform/validator.ts";
import type { Route } from "../routes.ts";
import { bodyBytes } from "./body.ts";
import { allowAnyTenants, allowClients, clientOf } from "./cors.ts";
import { bearerToken } from "./credentials.ts";
import type { Exchange, Gateway } from "./exchange.ts";
import { type Asked, type Params, readInput } from "./input.ts";
import { answerTo, isAboutInput } from "./problem.ts";
import { readQuery } from "./query.ts";
import { respondResult } from "./respond.ts";

/** Answers a request of a route that is not an action's: a live feed, a page, a report. */
export type Serve = (gateway: Gateway, exchange: Exchange, params: Params) => Promise<void>;

/**
 * Serves a request in the order that the contract promises: who asks (401), whether they may (403), whether the path
 * names anything (404), and only then the key, the query and the body. Throws what is to be answered.
 */
export async function serve(
  gateway: Gateway,
  route: Route,
  exchange: Exchange,
  sent: Readonly<Record<string, string>>,
  own?: Serve,
): Promise<void> {
  exchange.route = route;
  const ctx = exchange.ctx as Ctx;
  // All calls that are made for the request share this time, on whatever nodes they run.
  const { requestTimeoutMs } = configOf(gateway.broker);
  endBy(ctx, within(requestTimeoutMs));
  await allowAnyTenants(gateway.rules, exchange);
  if (route.rest.open) {
    if (!route.rest.root) await gateway.limits.countAddress(exchange);
  } else {
    const { identity, token } = await identify(gateway, route, exchange, ctx);
    exchange.identity = identity;
    // For all calls of this request: here by what the token says, on other nodes by the token.
    Object.assign(ctx.meta, { identity, token });
    await allowClients(gateway.rules, exchange, identity.client);
    await gateway.limits.countCaller(exchange, identity, route);
    assertScopes(identity, route);
  }
  const path = readPath(route, sent);
  if (route.orderParam !== undefined) exchange.orderId = path[route.orderParam] as string;
  let asked: Asked | undefined;
  let result: unknown;
  try {
    if (route.hasBody) gateway.traffic.hold(exchange, bodyBytes(exchange.req));
    asked = await readInput(route, exchange, path);
    // How long the body was on its way is the sender's affair, and has a limit of its own.
    if (route.hasBody) endBy(ctx, within(requestTimeoutMs));
    // Before it leaves this process: the bus would mend what is to be refused, a lone surrogate or a `__proto__`.
    assertValid(route.contract.params, asked.params);
    if (own) return await own(gateway, exchange, asked.params);
    result = await ctx.call(route.action, asked.params, { meta: metaOf(route, exchange, asked) });
  } catch (error) {
    gateway.limits.giveOrderBack(exchange);
    if (route.exists && isAboutInput(answerTo(error))) await assertExists(route, exchange, path);
    throw error;
  }
  if (ctx.meta.$replayed) gateway.limits.giveOrderBack(exchange);
  if (route.rest.open) await allowClients(gateway.rules, exchange, clientOf(undefined, asked.params, result));
  respondResult(gateway, route, exchange, result);
}

/**
 * Who asks: by their token, or on a live feed by the token that a ticket stands for. Whoever shows no token that is known
 * is counted by their address before anything is done about it.
 */
async function identify(
  { verifier, limits }: Gateway,
  route: Route,
  exchange: Exchange,
  ctx: Ctx,
): Promise<{ identity: Identity; token: string }> {
  const shown = bearerToken(exchange.req.headers.authorization);
  const known = shown === undefined ? undefined : verifier.known(shown);
  if (shown !== undefined && known) return { identity: known, token: shown };
  await limits.countAddress(exchange);
  const token = shown ?? (await redeemTicket(route, exchange, ctx));
  const identity = await verifier.identify(token);
  if (!identity) throw unauthorised({ detail: "The access token is not valid." });
  limits.giveAddressBack(exchange);
  return { identity, token };
}

function assertScopes({ scopes, customer }: Identity, route: Route): void {
  for (const scope of route.rest.scopes)
    if (!scopes.includes(scope)) throw forbidden({ detail: `The token lacks ${scope}.` });
  if (route.rest.customer && customer === undefined) throw forbidden({ detail: CUSTOMERS_ALONE });
}

/** The token that a live feed's ticket stands for. */
async function redeemTicket(route: Route, exchange: Exchange, ctx: Ctx): Promise<string> {
  if (route.rest.produces !== "text/event-stream") throw unauthorised();
  const { ticket } = readQuery(exchange.query, route.query).members;
  if (typeof ticket !== "string" || ticket === "") throw unauthorised();
  try {
    return (await call(ctx, "notifications.redeemTicket", { ticket })).token;
  } catch (error) {
    // Whatever is wrong with it (too long, of the wrong letters): it is no ticket.
    throw answerTo(error).status < 500 ? unauthorised({ detail: "The ticket is not valid." }) : error;
  }
}

/** The path's parameters. One that cannot be decoded, or is not what ids look like, names nothing. */
function readPath(route: Route, sent: Readonly<Record<string, string>>): Params {
  const params: Params = {};
  for (const { name, schema } of route.pathParams) {
    const value = decodeSegment(sent[name] as string);
    if (value === undefined || fieldErrors(schema, value).length > 0) throw notFound();
    params[name] = value;
  }
  return params;
}

function decodeSegment(segment: string): string | undefined {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function metaOf(route: Route, { req, address }: Exchange, { idempotency }: Asked): Meta {
  const meta: Meta = {};
  if (idempotency) meta.idempotency = idempotency;
  if (route.method !== "GET" && req.headers["if-match"] !== undefined) meta.ifMatch = req.headers["if-match"];
  // For limits, and for the audit log: nobody else asks.
  if ((route.rest.open || route.rest.guessable || route.contract.audited) && address !== undefined)
    meta.address = address;
  return meta;
}

/**
 * Throws NOT_FOUND when the path's object is not there for the caller: an input that is wrong is reported only of an
 * object that is. Whatever else goes wrong meanwhile is less to the point than the input.
 */
async function assertExists(route: Route, exchange: Exchange, path: Params): Promise<void> {
  const { action, names } = route.exists as NonNullable<Route["exists"]>;
  const params = Object.fromEntries(names.map((name, i) => [name, path[route.pathParams[i]?.name as string]]));
  try {
    await (exchange.ctx as Ctx).call(action, params);
  } catch (error) {
    if (answerTo(error).status === 404) throw notFound();
  }
}
