import type { Static } from "@sinclair/typebox";
import type { ActionSchema, Context, Service, ServiceSchema, ServiceSettingSchema } from "moleculer";
import type { Clock } from "./clock.ts";
import type { ActionContract, ActionName, Contract, ParamsOf, ResultOf } from "./contracts.ts";
import type { Database } from "./database.ts";
import { type Deadline, endBy } from "./deadline.ts";
import type { EventLog } from "./event-log.ts";
import type { Guarded } from "./middlewares/scopes.ts";
import type { Sealing } from "./sealing/sealing.ts";

/** Who is asking, as the access token says. */
export interface Identity {
  /** The tenant all is done for; `*` for the platform's own work on many tenants' rows. */
  readonly tenant: string;
  /** The OAuth2 client, or `service:<domain>` for work that no request asked for. */
  readonly client: string;
  /** The customer who is logged in; a client's own token has none. */
  readonly customer?: string;
  readonly scopes: readonly string[];
  /** The end of the token, in seconds since 1970, and its id; the platform's own work has no token. */
  readonly expires?: number;
  readonly tokenId?: string;
  /** What it is ended by together with all other tokens of its client. */
  readonly epoch?: string;
}

/** What travels with a call. `$body` and `$replayed` travel back to the gateway. */
export interface Meta {
  /** Who asks. From another node it is a claim, which is never believed: `token` is what proves it. */
  identity?: Identity;
  /** The access token of the request; the platform's own work has none. */
  token?: string;
  /**
   * The `Idempotency-Key` of the request, its route, and the fingerprint of its params. It is meant for the action
   * that the gateway called and travels with that action's own calls, which it does not concern.
   */
  idempotency?: { readonly key: string; readonly route: string; readonly fingerprint: string; readonly action: string };
  /** The `If-Match` of the request, as it was sent. */
  ifMatch?: string;
  /** Who asks, for limits and the audit log: the other end of the socket, or whom a trusted proxy asks for. Never what a caller says. */
  address?: string;
  /** The bytes that were stored for an `Idempotency-Key`, to be sent as they are. */
  $body?: string;
  $replayed?: boolean;
  $responseHeaders?: Record<string, string>;
}

export type Ctx<P = unknown> = Context<P, Meta>;

/** A domain's running service, as its handlers see it: what the mixins gave it. */
export interface DomainService extends Service {
  readonly database: Database;
  readonly log: EventLog;
  /** Of the domains that keep what is personal or secret. */
  readonly sealing: Sealing;
  readonly clock: Clock;
}

/** A fragment of a service schema whose functions run with `this` the finished service. */
export type Mixin<S extends DomainService = DomainService> = Partial<
  ServiceSchema<ServiceSettingSchema, object, object, S>
> & { channels?: object };

/** Takes a mixin, or a whole service, with its own `this` for the schema that Moleculer's types want. */
export function defineSchema<S extends DomainService = DomainService>(schema: Mixin<S>): ServiceSchema {
  return schema as unknown as ServiceSchema;
}

/** A handler of an action, with `this` the domain's service. */
export type Handler<A extends ActionContract, S extends DomainService = DomainService> = (
  this: S,
  ctx: Ctx<Static<A["params"]>>,
) => Promise<Static<A["result"]>>;

/** The handler of an action by its full name: `ActionHandler<"orders.place">`. */
export type ActionHandler<N extends ActionName, S extends DomainService = DomainService> = (
  this: S,
  ctx: Ctx<ParamsOf<N>>,
) => Promise<ResultOf<N>>;

/**
 * The actions of a service: its contract wired to its handlers, each of which must be there. What has no REST side
 * is `public` in Moleculer's words: other nodes may call it, the gateway may not. (`protected` would keep it to its
 * own node.)
 */
export function actionsOf<C extends Contract, S extends DomainService>(
  contract: C,
  handlers: { [K in keyof C["actions"]]: Handler<C["actions"][K], S> },
): Record<string, ActionSchema> {
  return Object.fromEntries(
    Object.entries(contract.actions).map(([name, action]) => [
      name,
      {
        visibility: action.rest ? "published" : "public",
        params: action.params,
        ...guardOf(action),
        idempotent: action.idempotent ?? action.rest?.route.startsWith("GET ") === true,
        ...(typeof action.audited === "object" && { audited: action.audited }),
        handler: handlers[name as keyof C["actions"]],
      } as unknown as ActionSchema,
    ]),
  );
}

function guardOf({ rest, callers, scopes = [] }: ActionContract): Guarded {
  if (!rest) return { scopes, callers: callers ?? "identified" };
  return {
    scopes: rest.scopes,
    callers: rest.open ? "anybody" : "identified",
    ...(rest.customer && { customer: true }),
    consequential: !rest.open && !rest.harmless && !rest.route.startsWith("GET "),
  };
}

/** Calls an action by its name, checked by the compiler against the contract of its domain. */
export function call<N extends ActionName>(
  ctx: Context<unknown, Meta>,
  name: N,
  params: ParamsOf<N>,
): Promise<ResultOf<N>> {
  return ctx.call(name, params) as Promise<ResultOf<N>>;
}

/**
 * A context for work of the service's own: a subscription's batch, a timer, a set of requests.
 *
 * @param deadline when its calls have to be over, where a request waits for them
 */
export function serviceContext(service: Service, tenant = "*", deadline?: Deadline): Ctx {
  const ctx = new service.broker.ContextFactory(service.broker) as unknown as Ctx;
  ctx.service = service;
  ctx.meta.identity = { tenant, client: `service:${service.name}`, scopes: [] };
  if (deadline !== undefined) endBy(ctx, deadline);
  return ctx;
}
