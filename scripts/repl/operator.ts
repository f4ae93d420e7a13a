import { userInfo } from "node:os";
import type { CallingOptions, ServiceBroker } from "moleculer";
import { DOMAINS, type DomainName } from "../../platform/config.ts";
import type { ActionName, ParamsOf, ResultOf, Scope } from "../../platform/contracts.ts";
import { isUnavailable } from "../../platform/errors.ts";
import type { Identity } from "../../platform/service.ts";

/** Those of the platform's operators: a client that is given scopes at the prompt gets no others. */
const SCOPES: readonly Scope[] = [
  "platform",
  "admin",
  "orders:read",
  "orders:write",
  "delivery:read",
  "delivery:write",
  "inventory:read",
  "inventory:write",
  "catalog:write",
  "payments:read",
  "payments:write",
];

/** What goes wrong in a way that the person at the prompt should be told in a sentence. */
export class Refused extends Error {
  override name = "Refused";
}

/** The person at the prompt: asks the domains, wherever they run, for one tenant or for all. */
export class Operator {
  readonly broker: ServiceBroker;
  /** `*` for all. */
  readonly tenant: string;

  constructor(broker: ServiceBroker, tenant = "*") {
    this.broker = broker;
    this.tenant = tenant;
  }

  /** The same person, with a tenant's eyes. */
  of(tenant: string): Operator {
    return new Operator(this.broker, tenant);
  }

  /** Calls an action of a domain, checked by the compiler against its contract. */
  ask<N extends ActionName>(name: N, params: ParamsOf<N>): Promise<ResultOf<N>> {
    return this.askAny(name, params as object);
  }

  /** Calls an action that is the same in several domains. Throws {@link Refused} when its domain does not answer. */
  async askAny<T>(action: string, params: object, options: CallingOptions = {}): Promise<T> {
    try {
      return (await this.broker.call(action, params, { ...options, meta: { identity: this.#identity } })) as T;
    } catch (error) {
      if (isUnavailable(error)) throw new Refused(`${action.split(".", 1)[0]} is not available.`);
      throw error;
    }
  }

  /** The domains that have an action, and those of which no node is there. */
  domainsWith(action: string): { found: DomainName[]; away: DomainName[] } {
    const has = (name: string) => this.broker.registry.actions.isAvailable(name) as boolean;
    return {
      found: DOMAINS.filter((domain) => has(`${domain}.${action}`)),
      away: DOMAINS.filter((domain) => !has(`${domain}.health.check`)),
    };
  }

  /** The nodes that run a domain. */
  nodesOf(domain: DomainName): string[] {
    const nodes = this.broker.registry.getNodeList({ onlyAvailable: true, withServices: true }) as unknown as {
      readonly id: string;
      readonly services: readonly { readonly name: string }[];
    }[];
    return nodes.filter(({ services }) => services.some(({ name }) => name === domain)).map(({ id }) => id);
  }

  get #identity(): Identity {
    return { tenant: this.tenant, client: `operator:${userInfo().username}`, scopes: SCOPES };
  }
}
