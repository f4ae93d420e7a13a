import type { Static, TSchema } from "@sinclair/typebox";
import type { ErrorKind } from "./errors.ts";

/** The scopes a token may carry; `admin` is a tenant's operators', `platform` those of the platform itself. */
export type Scope =
  | "orders:read"
  | "orders:write"
  | "delivery:read"
  | "delivery:write"
  | "inventory:read"
  | "inventory:write"
  | "catalog:write"
  | "payments:read"
  | "payments:write"
  | "admin"
  | "platform";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** The public side of an action. What has no `rest` cannot be reached through the gateway. */
export interface RestContract {
  /** `POST /orders/:id/cancel`, below the base path. Path parameters are members of `params`. */
  readonly route: `${Method} /${string}`;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** The scopes of which the token needs all; none: any valid token. */
  readonly scopes: readonly Scope[];
  /** The token has to be a customer's: a client's own is a 403. */
  readonly customer?: true;
  /** The status of a success, 200 unless said. */
  readonly status?: 200 | 201 | 204;
  /** Whether the `Idempotency-Key` of a POST must be there. It is accepted on all. */
  readonly idempotency?: "required" | "accepted";
  /**
   * The action that answers NOT_FOUND for the path's parameters, which it takes in the same order. A body that is
   * not valid is reported only of an object that the caller may see, so it is asked before such a 4xx leaves.
   */
  readonly existsBy?: string;
  /** Has a limit of its own beside that of all requests: how many orders a customer or a client may place. */
  readonly limit?: "orders";
  /** Needs no token. */
  readonly open?: true;
  /**
   * A change that does no harm when a revoked token has made it. Every other one is refused with 503 as long as it is not
   * known which tokens were revoked.
   */
  readonly harmless?: true;
  /** Takes a secret that could be guessed at, and is told where requests come from. Open and audited routes are anyhow. */
  readonly guessable?: true;
  /** At the root instead of below the base path. */
  readonly root?: true;
  /** Takes forms too, and answers errors as RFC 6749 says. Client credentials may come by Basic. */
  readonly oauth?: true;
  /** Its body says nothing and is not read: mail programs send a form of their own (RFC 8058). */
  readonly bodiless?: true;
  /** What a success sends when it is not JSON: the live feeds, the metrics. */
  readonly produces?: "text/event-stream" | "text/plain" | "text/html";
}

/**
 * What the audit log keeps of an act, beside who, what, when and how it ended. What is not named is not kept: no secret,
 * nothing that somebody has written freely, nothing of a person.
 */
export interface Audited {
  /** The param that says what is acted on; without it, it is what the result says by `makes`. */
  readonly object?: string;
  /** The member of the result that names what was made, `id` unless said. */
  readonly makes?: string;
  /** The other params that are kept, as they were sent. */
  readonly keeps?: readonly string[];
}

/** What others may know of one action. */
export interface ActionContract {
  readonly rest?: RestContract;
  /** Who may call it, where it has no `rest`: those who have an identity, unless it says otherwise. */
  readonly callers?: "services" | "anybody";
  /** The scopes that they need, where it has no `rest`. */
  readonly scopes?: readonly Scope[];
  /**
   * A privileged act: it leaves a record before it runs and another behind it, and without a record it does not run.
   * Every route that changes something and asks for `admin` or `platform` says this, or that the acts are those that it
   * calls for.
   */
  readonly audited?: Audited | "by what it calls";
  /**
   * Asked twice it does what it does once: it only reads, or knows a repetition by an operation id or a reference. So
   * it is asked again when the node that was at it has vanished. Every GET is; a POST is under an `Idempotency-Key`.
   */
  readonly idempotent?: true;
  readonly params: TSchema;
  readonly result: TSchema;
  readonly errors?: readonly ErrorKind[];
}

/** What others may know of one event. */
export interface EventContract {
  readonly data: TSchema;
  /** For the owner's own process alone: not in the live feeds nor in histories. */
  readonly internal?: boolean;
}

/** Actions by their names within their domain: a contract, or a part of one that lies in a file of its own. */
export type ActionContracts = Readonly<Record<string, ActionContract>>;

export interface Contract {
  readonly domain: string;
  readonly actions: ActionContracts;
  readonly events: Readonly<Record<string, EventContract>>;
}

/**
 * All actions by full name; every domain's `contract.ts` merges its own in:
 * `interface Actions extends ActionsOf<typeof contract> {}`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Actions {}

/** All events by type; filled as `Actions` is. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Events {}

export type ActionName = keyof Actions & string;
export type EventType = keyof Events & string;
export type ParamsOf<N extends ActionName> = Actions[N] extends { params: infer P } ? P : never;
export type ResultOf<N extends ActionName> = Actions[N] extends { result: infer R } ? R : never;

/** The entries of a contract as `Actions` wants them: `orders.place` -> its params and result. */
export type ActionsOf<C extends Contract> = {
  [K in keyof C["actions"] & string as `${C["domain"]}.${K}`]: {
    params: Static<C["actions"][K]["params"]>;
    result: Static<C["actions"][K]["result"]>;
  };
};

/** The entries of a contract as `Events` wants them: `orders.placed.v1` -> its data. */
export type EventsOf<C extends Contract> = {
  [K in keyof C["events"] & string]: Static<C["events"][K]["data"]>;
};

/** The contracts of all domains that this process has loaded, by domain. */
export const contracts = new Map<string, Contract>();

/** Says once what others may know of a domain. Event types begin with the domain's name. */
export function defineContract<const C extends Contract>(contract: C): C {
  for (const type of Object.keys(contract.events)) {
    if (!type.startsWith(`${contract.domain}.`) || !/\.v\d+$/.test(type)) {
      throw new Error(`${type} is not a versioned event of ${contract.domain}`);
    }
  }
  for (const [name, { rest, audited }] of Object.entries<ActionContract>(contract.actions)) {
    if (rest && isPrivileged(rest) && audited === undefined)
      throw new Error(`${contract.domain}.${name} is privileged and does not say what the audit log keeps of it`);
  }
  contracts.set(contract.domain, contract);
  return contract;
}

/** Whether a route is an act of those who run the platform, or a tenant's part of it. */
function isPrivileged({ route, scopes }: RestContract): boolean {
  return !route.startsWith("GET ") && scopes.some((scope) => scope === "admin" || scope === "platform");
}

/** The contract of an event by its type, as far as its domain's contract is loaded here. */
export function eventContract(type: string): EventContract | undefined {
  return contracts.get(type.slice(0, type.indexOf(".")))?.events[type];
}
