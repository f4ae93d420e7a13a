import { rateLimited } from "../../../platform/errors.ts";
import type { RedisLink } from "../../../platform/redis.ts";
import type { Identity } from "../../../platform/service.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Route } from "../routes.ts";
import type { KnownRules } from "./edge-rules.ts";
import { RateLimit, type Standing } from "./rate-limit.ts";
import { SharedWindows } from "./shared-windows.ts";

/** How many requests the gateway takes of whom. What it finds is told by the answer's `RateLimit-*`. */
export class RequestLimits {
  readonly #rules: KnownRules;
  readonly #perAddress: number;
  readonly #addresses: RateLimit;
  readonly #callers: RateLimit;
  readonly #orders: RateLimit;
  readonly #tenants: RateLimit;

  /** @param perAddress how many requests a minute without a good token are taken from an address */
  constructor(rules: KnownRules, perAddress: number, redis: RedisLink | undefined) {
    const limit = () => new RateLimit(redis && new SharedWindows(redis));
    this.#rules = rules;
    this.#perAddress = perAddress;
    this.#addresses = limit();
    this.#callers = limit();
    this.#orders = limit();
    this.#tenants = limit();
  }

  /** Counts a request of nobody known, before anything is done for it. Throws RATE_LIMITED. */
  async countAddress(exchange: Exchange): Promise<void> {
    const standing = await this.#addresses.take(subjectOf(exchange), this.#perAddress);
    hold(exchange, standing, "address");
  }

  /** It was somebody's, and their own limits count it. */
  giveAddressBack(exchange: Exchange): void {
    this.#addresses.giveBack(subjectOf(exchange));
  }

  /** Counts a request of somebody known, and one that places an order as that too. Throws RATE_LIMITED. */
  async countCaller(exchange: Exchange, { tenant, client, customer }: Identity, route: Route): Promise<void> {
    const { limits, areRead } = await this.#rules.of(client);
    const isCustomer = customer !== undefined;
    // By the defaults it is counted apart: another gateway, which has read the record, takes far larger shares at a time.
    const by = areRead ? "" : "defaults of ";
    const caller = by + (isCustomer ? `customer ${tenant} ${customer}` : `client ${client}`);
    const most = isCustomer ? limits.customerRequests : limits.requests;
    hold(exchange, await this.#callers.take(caller, most), isCustomer ? "customer" : "client");
    // Only now: what is refused anyway must not use up what all of the tenant's callers have together.
    const ofTenant = await this.#tenants.take(`${by}tenant ${tenant}`, limits.tenantRequests);
    if (!ofTenant.allowed) hold(exchange, ofTenant, "tenant");
    if (route.rest.limit !== "orders") return;
    const mostOrders = isCustomer ? limits.customerOrders : limits.orders;
    exchange.orderer = caller;
    hold(exchange, await this.#orders.take(`orders ${caller}`, mostOrders), "orders");
  }

  /** No order was placed by the request: it was refused, or had been answered before. */
  giveOrderBack(exchange: Exchange): void {
    if (exchange.orderer !== undefined) this.#orders.giveBack(`orders ${exchange.orderer}`);
  }
}

function subjectOf({ address }: Exchange): string {
  return `address ${address ?? ""}`;
}

const DETAILS = {
  address: "Too many requests without a valid token from this address.",
  tenant: "Too many requests of this tenant.",
  client: "Too many requests of this client.",
  customer: "Too many requests of this customer.",
  orders: "Too many orders.",
};

function hold(exchange: Exchange, standing: Standing, whose: keyof typeof DETAILS): void {
  exchange.standing = standing;
  if (!standing.allowed) throw rateLimited({ detail: DETAILS[whose], retryAfter: standing.resetMs / 1_000 });
}
