import { LRUCache } from "lru-cache";
import type { ServiceBroker } from "moleculer";
import type { ResultOf } from "../../../platform/contracts.ts";
import { ANSWER_MS } from "../operations/figures.ts";
import { Kept } from "./kept.ts";

/** What a client whose record says nothing may ask for in a minute, its tenant, and each customer who is logged in by it. */
const DEFAULTS = {
  requests: 6_000,
  tenantRequests: 60_000,
  orders: 1_200,
  customerRequests: 600,
  customerOrders: 10,
};
const MOST_CLIENTS = 10_000;

/** What the edge lets a client and its tenant do: requests a minute, and the origins of pages that may read the answers. */
export interface EdgeRules {
  readonly limits: Readonly<typeof DEFAULTS>;
  readonly origins: ReadonlySet<string>;
  /** Whether the record was read: while `auth` is away a client that this gateway meets first goes by the defaults. */
  readonly areRead: boolean;
}

const NOT_READ: EdgeRules = { limits: DEFAULTS, origins: new Set(), areRead: false };

/** The clients' records, as far as the gateway goes by them. It asks `auth` now and then, never for a request. */
export class KnownRules {
  readonly #broker: ServiceBroker;
  readonly #clients = new LRUCache<string, Kept<EdgeRules>>({ max: MOST_CLIENTS });
  readonly #origins: Kept<ReadonlySet<string>>;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
    this.#origins = new Kept<ReadonlySet<string>>(
      new Set(),
      async () => new Set(await broker.call<string[], object>("auth.allowedOrigins", {}, { timeout: ANSWER_MS })),
    );
  }

  /** By whose rules a client goes. While `auth` is away, by the last that were known, or the defaults. */
  of(client: string): EdgeRules | Promise<EdgeRules> {
    let kept = this.#clients.get(client);
    if (!kept) {
      kept = new Kept(NOT_READ, async () => rulesOf(await this.#ask(client)));
      this.#clients.set(client, kept);
    }
    return kept.get();
  }

  /** The origins that any tenant allows. */
  origins(): ReadonlySet<string> | Promise<ReadonlySet<string>> {
    return this.#origins.get();
  }

  /** The same as it was known last, for answers that wait for nobody. */
  get lastOrigins(): ReadonlySet<string> {
    return this.#origins.last;
  }

  /** Something was changed. */
  outdate(): void {
    this.#origins.outdate();
    for (const kept of this.#clients.values()) kept.outdate();
  }

  #ask(client: string): Promise<ResultOf<"auth.edgeRules">> {
    return this.#broker.call("auth.edgeRules", { client }, { timeout: ANSWER_MS });
  }
}

function rulesOf({ limits, tenantLimits, origins }: ResultOf<"auth.edgeRules">): EdgeRules {
  const said = { ...limits, tenantRequests: tenantLimits.requests };
  const known = Object.entries(DEFAULTS).map(([name, standard]) => {
    const limit = said[name as keyof typeof DEFAULTS];
    return [name, typeof limit === "number" && limit >= 0 ? limit : standard];
  });
  return { limits: Object.fromEntries(known), origins: new Set(origins), areRead: true };
}
