import { type Static, Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { conflict, notFound, rateLimited } from "../../platform/errors.ts";
import { Id, Instant, object, oneOf, page, paging, text } from "../../platform/schema.ts";

/** What an endpoint can be told of: all public events of orders, as `platform/feed-event.ts` shows them. */
export const EVENT_TYPES = [
  "orders.placed.v1",
  "orders.stock_reserved.v1",
  "orders.payment_authorised.v1",
  "orders.confirmed.v1",
  "orders.processing.v1",
  "orders.shipped.v1",
  "orders.payment_captured.v1",
  "orders.delivered.v1",
  "orders.returned.v1",
  "orders.refunded.v1",
  "orders.cancelled.v1",
] as const;

const Url = Type.String({
  minLength: 1,
  maxLength: 2_000,
  errorMessage: "must be an https URL of at most 2000 characters",
  description: "https, at a public address, without a user.",
});
const Types = Type.Array(oneOf([...EVENT_TYPES]), {
  maxItems: EVENT_TYPES.length,
  errorMessage: "must be a list of event types",
  description: "The types of events that it is told of; none: all.",
});
const DisabledReason = oneOf(["OPERATOR", "GONE", "FAILING"], {
  description: "OPERATOR: by `enabled`. GONE: it has answered 410. FAILING: nothing but failures for five days.",
});
export type DisabledReason = Static<typeof DisabledReason>;

export const Webhook = object(
  {
    id: Id,
    url: Url,
    description: Type.Optional(Type.String()),
    events: Types,
    enabled: Type.Boolean(),
    disabledReason: Type.Optional(DisabledReason),
    disabledAt: Type.Optional(Instant),
    /** Since when it has answered nothing but failures. */
    failingSince: Type.Optional(Instant),
    /** Until when the secret before the last rotation signs too. */
    previousSecretUntil: Type.Optional(Instant),
    createdAt: Instant,
    updatedAt: Instant,
  },
  { $id: "Webhook" },
);
export type Webhook = Static<typeof Webhook>;

const WebhookWithSecret = object({ ...Webhook.properties, secret: Type.String({ description: "whsec_..." }) });
export type WebhookWithSecret = Static<typeof WebhookWithSecret>;

export const DeliveryState = oneOf(["PENDING", "DELIVERED", "FAILED"]);
export type DeliveryState = Static<typeof DeliveryState>;

export const Delivery = object(
  {
    id: Type.String({ ...Id, description: "The `webhook-id` of all its calls." }),
    eventId: Id,
    type: Type.String(),
    orderId: Id,
    version: Type.Integer({ description: "The event's place among those of its order." }),
    state: DeliveryState,
    attempts: Type.Integer(),
    /** When it is tried again, at the earliest. */
    dueAt: Type.Optional(Instant),
    settledAt: Type.Optional(Instant),
    createdAt: Instant,
  },
  { $id: "WebhookDelivery" },
);
export type Delivery = Static<typeof Delivery>;

const Headers = Type.Record(Type.String(), Type.String());

export const Attempt = object({
  number: Type.Integer(),
  at: Instant,
  durationMs: Type.Integer(),
  status: Type.Optional(Type.Integer()),
  error: Type.Optional(Type.String({ description: "Why it failed without a whole answer: `ADDRESS_REFUSED`, ..." })),
  response: Type.Optional(object({ headers: Headers, body: Type.String({ description: "Its first kilobyte." }) })),
});
export type Attempt = Static<typeof Attempt>;

export const DeliveryWithAttempts = object({
  ...Delivery.properties,
  request: object({ url: Type.String(), headers: Headers, body: Type.String() }),
  calls: Type.Array(Attempt),
});
export type DeliveryWithAttempts = Static<typeof DeliveryWithAttempts>;

const Description = text(200);
const timeRange = { from: Type.Optional(Instant), to: Type.Optional(Instant) };
const admin = { tag: "Webhooks", scopes: ["admin"] } as const;

export const contract = defineContract({
  domain: "webhooks",
  actions: {
    create: {
      audited: { keeps: ["events"] },
      rest: {
        ...admin,
        route: "POST /webhooks",
        summary: "Adds an endpoint that is told of what happens to orders",
        description: "Its `secret`, which signs all that is sent to it, is shown this once. A tenant has 16 at most.",
        status: 201,
      },
      params: object({ url: Url, events: Type.Optional(Types), description: Type.Optional(Description) }),
      result: WebhookWithSecret,
      errors: [conflict],
    },
    list: {
      rest: { ...admin, route: "GET /webhooks", summary: "The tenant's endpoints, newest first" },
      params: object({ ...paging }),
      result: page(Webhook),
    },
    get: {
      rest: { ...admin, route: "GET /webhooks/:id", summary: "An endpoint" },
      params: object({ id: Id }),
      result: Webhook,
      errors: [notFound],
    },
    update: {
      audited: { object: "id", keeps: ["events", "enabled"] },
      rest: {
        ...admin,
        route: "PUT /webhooks/:id",
        summary: "Changes, disables or enables an endpoint",
        description:
          "Members that are left out stay. While it is disabled nothing is sent to it, and it is not told later of what happened meanwhile; what was waiting goes on when it is enabled.",
        existsBy: "webhooks.get",
      },
      params: object({
        id: Id,
        url: Type.Optional(Url),
        events: Type.Optional(Types),
        description: Type.Optional(Description),
        enabled: Type.Optional(Type.Boolean()),
      }),
      result: Webhook,
      errors: [notFound],
    },
    remove: {
      audited: { object: "id" },
      rest: {
        ...admin,
        route: "DELETE /webhooks/:id",
        summary: "Removes an endpoint with its history",
        status: 204,
        existsBy: "webhooks.get",
      },
      params: object({ id: Id }),
      result: Type.Null(),
      errors: [notFound],
    },
    rotateSecret: {
      audited: { object: "id", keeps: ["overlapSeconds"] },
      rest: {
        ...admin,
        route: "POST /webhooks/:id/secret",
        summary: "Gives an endpoint another secret",
        description:
          "It is shown this once. The one before signs as well for `overlapSeconds`, a day unless you say; with 0 it ends at once.",
        existsBy: "webhooks.get",
      },
      params: object({
        id: Id,
        overlapSeconds: Type.Optional(
          Type.Integer({ minimum: 0, maximum: 604_800, errorMessage: "must be a whole number from 0 to 604800" }),
        ),
      }),
      result: WebhookWithSecret,
      errors: [notFound],
    },
    test: {
      audited: { object: "id" },
      rest: {
        ...admin,
        route: "POST /webhooks/:id/test",
        summary: "Sends an event `webhooks.test.v1` at once, and answers with what came back",
        existsBy: "webhooks.get",
      },
      params: object({ id: Id }),
      result: DeliveryWithAttempts,
      errors: [notFound, conflict, rateLimited],
    },
    listDeliveries: {
      rest: {
        ...admin,
        route: "GET /webhooks/:id/deliveries",
        summary: "What was sent to an endpoint in the last 30 days, or is to be sent, newest first",
      },
      params: object({ id: Id, state: Type.Optional(DeliveryState), ...timeRange, ...paging }),
      result: page(Delivery),
      errors: [notFound],
    },
    getDelivery: {
      rest: {
        ...admin,
        route: "GET /webhooks/:id/deliveries/:deliveryId",
        summary: "A delivery with its request and every answer",
      },
      params: object({ id: Id, deliveryId: Id }),
      result: DeliveryWithAttempts,
      errors: [notFound],
    },
    replayDelivery: {
      audited: { object: "id", keeps: ["deliveryId"] },
      rest: {
        ...admin,
        route: "POST /webhooks/:id/deliveries/:deliveryId/replay",
        summary: "Sends a delivery again, under the same `webhook-id`",
        description: "One that is still waiting is due at once.",
        existsBy: "webhooks.getDelivery",
      },
      params: object({ id: Id, deliveryId: Id }),
      result: Delivery,
      errors: [notFound],
    },
    replay: {
      audited: { object: "id", keeps: ["state", "from", "to"] },
      rest: {
        ...admin,
        route: "POST /webhooks/:id/replay",
        summary: "Sends the deliveries of a time again, or all that have failed",
        description:
          "Each under its `webhook-id`, those of an order in their sequence. At most 10,000 at a time, the oldest first. If `more` is true there may be others: ask again with the same body and `nextCursor` as `cursor`.",
        existsBy: "webhooks.get",
      },
      params: object({
        id: Id,
        state: Type.Optional(oneOf(["DELIVERED", "FAILED"])),
        ...timeRange,
        cursor: Type.Optional(
          Type.String({ minLength: 1, maxLength: 200, description: "The `nextCursor` of the replay before." }),
        ),
      }),
      result: object({
        replayed: Type.Integer(),
        more: Type.Boolean(),
        nextCursor: Type.Union([Type.String(), Type.Null()]),
      }),
      errors: [notFound],
    },
  },
  events: {
    /** An endpoint is not told of anything any more, because it has gone or has failed for too long. */
    "webhooks.endpoint_disabled.v1": {
      data: object({
        endpointId: Id,
        reason: oneOf(["GONE", "FAILING"]),
        failingSince: Type.Optional(Instant),
      }),
    },
  },
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
