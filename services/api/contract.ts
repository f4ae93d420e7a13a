import { type Static, Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { conflict, cursorExpired, defineError, notFound, rateLimited, unavailable } from "../../platform/errors.ts";
import { Id, Instant, object, oneOf, page, paging } from "../../platform/schema.ts";

export const requestTimedOut = defineError("REQUEST_TIMEOUT", 408, "The request did not arrive in time.", "later");
export const addressTooLong = defineError("URI_TOO_LONG", 414, "The address of the request is over 12 kB.", "changed");
export const headersTooLarge = defineError("HEADERS_TOO_LARGE", 431, "The headers are over 16 kB.", "changed");

/** An event that has failed all its attempts in a domain's subscription, whole. */
export const DeadLetter = object(
  {
    id: Id,
    domain: Type.String({ description: "Whose subscription it is." }),
    channel: Type.String({ description: "Whose log the event is from." }),
    stream: Id,
    error: Type.String(),
    attempts: Type.Integer(),
    parkedAt: Instant,
    event: Type.Record(Type.String(), Type.Unknown()),
    waiting: Type.Integer({ description: "The later events of the stream that wait behind it." }),
  },
  { $id: "DeadLetter" },
);
export type DeadLetter = Static<typeof DeadLetter>;

/** How far a domain's subscription to a channel has come. */
export const Subscription = object(
  {
    domain: Type.String({ description: "Whose subscription it is." }),
    channel: Type.String({ description: "Whose log it reads." }),
    positions: Type.Array(Type.Integer(), {
      description: "The sequence up to which it has dealt with the events of each partition.",
    }),
    behind: Type.Optional(
      object(
        { events: Type.Integer(), seconds: Type.Number() },
        { description: "How many events lie behind that, and how old the first is. Absent when the log is not there." },
      ),
    ),
    parked: object(
      { retrying: Type.Integer(), dead: Type.Integer() },
      { description: "Your streams that wait because an event has failed." },
    ),
    replayingUntil: Type.Optional(
      Type.Integer({ description: "A replay is going on; with this sequence it is over." }),
    ),
  },
  { $id: "Subscription" },
);
export type Subscription = Static<typeof Subscription>;

/** The names of a domain and of a channel, which is a domain's as well. */
const Name = Type.String({ pattern: "^[a-z]{1,32}$", errorMessage: "must be the name of a domain" });

const settled = object({ id: Id, state: oneOf(["retrying", "discarded"]) });

/** Whether a part of the platform can work, and what else is known of it. */
const Check = object({ status: oneOf(["up", "down"]) }, { additionalProperties: true });
const HealthReport = object(
  { status: oneOf(["up", "down"]), dependencies: Type.Record(Type.String(), Check) },
  { $id: "HealthReport" },
);
export type HealthReport = Static<typeof HealthReport>;

const open = { scopes: [], open: true, root: true } as const;
const feed = {
  tag: "Live",
  scopes: ["orders:read"],
  produces: "text/event-stream",
  description:
    "Server-Sent Events. `id` is a durable cursor: with `Last-Event-ID` the feed goes on behind it, without it begins now. " +
    "`event` is the type, `data` an `OrderEvent`. A comment comes every 15 s.",
} as const;
const ticket = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 500,
    description: "From `POST /events/tickets`, where a token cannot be sent.",
  }),
);
const text = Type.String();
const UnsubscribeToken = Type.String({ minLength: 1, maxLength: 2_000 });
const unsubscribing = { tag: "Notifications", scopes: [], open: true, produces: "text/html" } as const;

export const contract = defineContract({
  domain: "api",
  actions: {
    events: {
      rest: { route: "GET /events", summary: "The events of all orders that the token may see", ...feed },
      params: object({ ticket }),
      result: text,
      errors: [cursorExpired, rateLimited, unavailable],
    },
    orderEvents: {
      rest: { route: "GET /orders/:id/events", summary: "The events of an order", existsBy: "orders.visible", ...feed },
      params: object({ id: Id, ticket }),
      result: text,
      errors: [notFound, cursorExpired, rateLimited, unavailable],
    },
    health: {
      rest: { route: "GET /health", tag: "Operations", summary: "Whether everything works; 503 when not", ...open },
      params: object({}),
      result: HealthReport,
    },
    live: {
      rest: { route: "GET /health/live", tag: "Operations", summary: "Whether the process runs", ...open },
      params: object({}),
      result: object({ status: oneOf(["up"]) }),
    },
    ready: {
      rest: {
        route: "GET /health/ready",
        tag: "Operations",
        summary: "Whether requests can be served, dependency by dependency; 503 when not",
        ...open,
      },
      params: object({}),
      result: HealthReport,
    },
    metrics: {
      rest: {
        route: "GET /metrics",
        tag: "Operations",
        summary: "Figures for Prometheus",
        produces: "text/plain",
        ...open,
      },
      params: object({}),
      result: text,
    },
    openapi: {
      rest: { route: "GET /openapi.json", tag: "Operations", summary: "This document", ...open },
      params: object({}),
      result: Type.Record(Type.String(), Type.Unknown()),
    },
    docs: {
      rest: { route: "GET /docs", tag: "Operations", summary: "A page to try things", produces: "text/html", ...open },
      params: object({}),
      result: text,
    },
    unsubscribePage: {
      rest: {
        ...unsubscribing,
        route: "GET /notifications/unsubscribe",
        summary: "A page that asks whether all mail about orders is to end; looking at it ends nothing",
      },
      params: object({ token: UnsubscribeToken }),
      result: text,
    },
    unsubscribe: {
      rest: {
        ...unsubscribing,
        route: "POST /notifications/unsubscribe",
        summary: "Ends all mail about orders to whom a mail's link names (RFC 8058)",
        bodiless: true,
      },
      params: object({ token: UnsubscribeToken }),
      result: text,
      errors: [notFound],
    },
    outboxPage: {
      rest: {
        route: "GET /docs/outbox",
        tag: "Operations",
        summary: "A page to look at the messages to customers, with a token",
        produces: "text/html",
        ...open,
      },
      params: object({}),
      result: text,
    },
    errorDocs: {
      rest: {
        route: "GET /docs/errors",
        tag: "Operations",
        summary: "All error codes, and whether to send the request again",
        produces: "text/html",
        ...open,
      },
      params: object({}),
      result: text,
    },
    listDeadLetters: {
      rest: {
        route: "GET /admin/dead-letters",
        tag: "Operations",
        summary: "Events that failed all attempts",
        scopes: ["admin"],
      },
      params: object({ ...paging }),
      result: page(DeadLetter),
      errors: [unavailable],
    },
    getDeadLetter: {
      rest: { route: "GET /admin/dead-letters/:id", tag: "Operations", summary: "A dead letter", scopes: ["admin"] },
      params: object({ id: Id }),
      result: DeadLetter,
      errors: [notFound, unavailable],
    },
    redriveDeadLetter: {
      audited: "by what it calls",
      rest: {
        route: "POST /admin/dead-letters/:id/redrive",
        tag: "Operations",
        summary: "Tries a dead letter again",
        description: "It gets all its attempts again. The later events of its stream follow it.",
        scopes: ["admin"],
        existsBy: "api.getDeadLetter",
      },
      params: object({ id: Id }),
      result: settled,
      errors: [notFound, unavailable],
    },
    discardDeadLetter: {
      audited: "by what it calls",
      rest: {
        route: "POST /admin/dead-letters/:id/discard",
        tag: "Operations",
        summary: "Gives a dead letter up",
        description: "The later events of its stream go on without it.",
        scopes: ["admin"],
        existsBy: "api.getDeadLetter",
      },
      params: object({ id: Id }),
      result: settled,
      errors: [notFound, unavailable],
    },
    redriveDeadLetters: {
      audited: "by what it calls",
      rest: {
        route: "POST /admin/dead-letters/redrive",
        tag: "Operations",
        summary: "Tries all dead letters again",
        description: "Those of one domain's subscriptions or of one channel, if the body says so.",
        scopes: ["admin"],
      },
      params: object({ domain: Type.Optional(Name), channel: Type.Optional(Name) }),
      result: object({ redriven: Type.Integer({ description: "How many." }) }),
      errors: [unavailable],
    },
    listSubscriptions: {
      rest: {
        route: "GET /admin/subscriptions",
        tag: "Operations",
        summary: "How far the domains have read each other's channels",
        description: "By name.",
        scopes: ["admin"],
      },
      params: object({ ...paging }),
      result: page(Subscription),
      errors: [unavailable],
    },
    getSubscription: {
      rest: {
        route: "GET /admin/subscriptions/:domain/:channel",
        tag: "Operations",
        summary: "How far a domain has read a channel",
        scopes: ["admin"],
      },
      params: object({ domain: Name, channel: Name }),
      result: Subscription,
      errors: [notFound, unavailable],
    },
    replaySubscription: {
      audited: "by what it calls",
      rest: {
        route: "POST /admin/subscriptions/:domain/:channel/replay",
        tag: "Operations",
        summary: "Has a domain deal with the events of a channel again",
        description:
          "With your tenant's events after the sequence `from`, or those from the time `at` on. It goes back, never forward. " +
          "What was done once is not done twice; what is missing is made up for.",
        scopes: ["admin"],
        existsBy: "api.getSubscription",
      },
      params: object({
        domain: Name,
        channel: Name,
        from: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: Number.MAX_SAFE_INTEGER,
            errorMessage: "must be a sequence: a whole number from 0",
          }),
        ),
        at: Type.Optional(Instant),
      }),
      result: object({
        domain: Type.String(),
        channel: Type.String(),
        from: Type.Integer({ description: "The events after this sequence come again." }),
        partitions: Type.Integer({ description: "In how many partitions the subscription had come further." }),
      }),
      errors: [notFound, conflict, unavailable],
    },
  },
  events: {},
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
