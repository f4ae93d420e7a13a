import { DOMAINS, type DomainName, SERVICES, type ServiceName } from "../../platform/config.ts";
import { allRoutes } from "../../services/api/routes.ts";

/** The domains with an event log, which is also a durable channel. */
export const LOGS = [
  "catalog",
  "inventory",
  "payments",
  "delivery",
  "webhooks",
  "orders",
] as const satisfies DomainName[];

/** Whose channels a domain reads. */
export const READS = {
  inventory: ["delivery"],
  delivery: ["orders"],
  notifications: ["orders", "webhooks"],
  webhooks: ["orders"],
  orders: ["orders", "delivery"],
} as const satisfies Partial<Record<DomainName, readonly (typeof LOGS)[number][]>>;

/** What the gateway asks every domain, and every domain that reads channels. */
const OF_EACH = ["health.*"];
const OF_EACH_READER = ["deadLetters.*", "subscriptions.*"];

/** How a domain that reads a channel asks the owner for its log; the owner's own nodes do it as well, to publish it. */
export const OF_EACH_LOG = ["log.*"];

/** What every node asks, to know for itself whose an access token is. */
export const OF_EACH_NODE = ["auth.jwks", "auth.revocations"];

/** Whose acts the audit log has, and how they are recorded; auth does it on its own nodes. */
export const AUDITED = [
  "catalog",
  "inventory",
  "delivery",
  "notifications",
  "webhooks",
  "orders",
] as const satisfies DomainName[];
export const OF_EACH_AUDITED = ["auth.recordAct", "auth.recordOutcome"];

/** What the routes of the contracts run, and what they ask whether an object is there. */
const routed = allRoutes.flatMap(({ action, exists }) => (exists ? [action, exists.action] : [action]));

/**
 * The actions that each service calls, `*` for any last part; `OF_EACH_NODE`, `OF_EACH_AUDITED` for those that have acts, and
 * `OF_EACH_LOG` of the channels that it reads, come on top.
 */
export const CALLS: Readonly<Record<ServiceName, readonly string[]>> = {
  api: [
    ...new Set(routed.filter((action) => !action.startsWith("api."))),
    "auth.edgeRules",
    "auth.allowedOrigins",
    "notifications.redeemTicket",
    "notifications.unsubscribe",
    "orders.visible",
    "orders.figures",
    "orders.log.head",
    "orders.log.read",
    ...DOMAINS.flatMap((domain) => OF_EACH.map((action) => `${domain}.${action}`)),
    ...Object.keys(READS).flatMap((domain) => OF_EACH_READER.map((action) => `${domain}.${action}`)),
  ],
  auth: [],
  catalog: [],
  inventory: [],
  payments: ["orders.visible", "orders.recordRefunds"],
  delivery: [],
  notifications: ["orders.recipients", "auth.contacts"],
  webhooks: ["orders.log.head"],
  orders: [
    "catalog.quote",
    "inventory.availability",
    "inventory.reserve",
    "inventory.release",
    "payments.authorise",
    "payments.capture",
    "payments.void",
    "delivery.cancel",
    "delivery.move",
  ],
};

/** What is told to all nodes that want to know, by whom and to whom. */
export const BROADCASTS: readonly {
  readonly event: string;
  readonly from: ServiceName;
  readonly to: readonly ServiceName[];
}[] = [
  { event: "auth.token_revoked", from: "auth", to: SERVICES },
  { event: "auth.rules_changed", from: "auth", to: ["api"] },
  { event: "orders.log.grown", from: "orders", to: ["api"] },
];
