import { type Static, Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { notFound, unauthorised } from "../../platform/errors.ts";
import { Email, Id, Instant, object, oneOf, page, paging, text } from "../../platform/schema.ts";

/** The ways to reach people. */
export const MEDIA = ["email", "sms", "push"] as const;
export const MediumName = oneOf([...MEDIA]);
export type MediumName = Static<typeof MediumName>;

/** What customers are told of. */
export const MESSAGE_TYPES = [
  "ORDER_PLACED",
  "ORDER_CONFIRMED",
  "ORDER_SHIPPED",
  "ORDER_DELIVERED",
  "ORDER_CANCELLED",
  "PAYMENT_DECLINED",
  "ORDER_REFUNDED",
] as const;
export const MessageType = oneOf([...MESSAGE_TYPES]);
export type MessageType = Static<typeof MessageType>;

/** Whether a customer wants to be told of something by a medium. */
const Preference = object({ type: MessageType, medium: MediumName, enabled: Type.Boolean() });
const Preferences = object({ items: Type.Array(Preference) }, { $id: "NotificationPreferences" });

const Language = Type.String({
  pattern: "^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$",
  maxLength: 30,
  errorMessage: "must be a language as BCP 47 has it, such as de or pt-BR",
});
/** One line: it is part of a header. */
const line = (maxLength: number) =>
  Type.String({
    pattern: "^[^\\u0000-\\u001f\\u007f\\u2028\\u2029]+$",
    maxLength,
    errorMessage: `must be a line of 1 to ${maxLength} characters`,
  });

const settings = {
  senderName: Type.Optional(line(100)),
  senderAddress: Type.Optional(Email),
  replyTo: Type.Optional(Email),
  language: Type.Optional(Language),
  contactEmail: Type.Optional(Email),
};
const Settings = object(settings, {
  $id: "NotificationSettings",
  description:
    "Whom mail is from, and the language of customers whose own is not known: what is left out is the platform's own. `contactEmail` is told when an endpoint for webhooks was disabled.",
});

const templateKey = { type: MessageType, medium: MediumName, language: Language };
const templateParts = {
  subject: Type.Optional(line(200)),
  text: text(10_000),
  html: Type.Optional(text(20_000)),
};
const Rendered = object({
  subject: Type.Optional(Type.String()),
  text: Type.String(),
  html: Type.Optional(Type.String()),
});
const TemplateResult = object(
  {
    ...templateKey,
    ...templateParts,
    source: oneOf(["own", "default"]),
    updatedAt: Type.Optional(Instant),
  },
  { $id: "NotificationTemplate" },
);
const OwnTemplate = object({ ...templateKey, updatedAt: Instant });
const template = { tag: "Notifications", scopes: ["admin"] } as const;
const TEMPLATE_ROUTE = "/notifications/templates/:type/:medium/:language";

export const MessageState = oneOf(["PENDING", "SENT", "SKIPPED", "DEAD"]);
export type MessageState = Static<typeof MessageState>;

/** A message to a customer, as operators see it. */
export const OutboxMessage = object(
  {
    id: Id,
    orderId: Id,
    type: MessageType,
    medium: MediumName,
    state: MessageState,
    attempts: Type.Integer(),
    error: Type.Optional(Type.String({ description: "Why it was not taken, skipped, or given up: a code." })),
    dueAt: Type.Optional(Instant),
    createdAt: Instant,
    settledAt: Type.Optional(Instant),
    content: Type.Optional(
      object(
        { to: Type.String(), ...Rendered.properties },
        { description: "What a sandbox was given; kept for thirty days." },
      ),
    ),
  },
  { $id: "OutboxMessage" },
);
export type OutboxMessage = Static<typeof OutboxMessage>;

export const contract = defineContract({
  domain: "notifications",
  actions: {
    getPreferences: {
      rest: {
        route: "GET /notifications/preferences",
        tag: "Notifications",
        summary: "By which media the customer who asks is told of what",
        description: "It takes a customer's token, whatever its scopes; a client's own is a 403.",
        scopes: [],
        customer: true,
      },
      params: object({}),
      result: Preferences,
    },
    setPreferences: {
      rest: {
        route: "PUT /notifications/preferences",
        tag: "Notifications",
        summary: "Changes by which media the customer is told of what",
        description: "What is not named stays as it is. The answer has all of it.",
        scopes: [],
        customer: true,
      },
      params: object({ items: Type.Array(Preference, { minItems: 1, maxItems: MESSAGE_TYPES.length * MEDIA.length }) }),
      result: Preferences,
    },
    /** Ends all mail to whom the link of a mail names. */
    unsubscribe: {
      callers: "anybody",
      idempotent: true,
      params: object({ token: text(2_000) }),
      result: object({}),
      errors: [notFound],
    },
    getSettings: {
      rest: { ...template, route: "GET /notifications/settings", summary: "How the tenant tells its customers" },
      params: object({}),
      result: Settings,
    },
    setSettings: {
      audited: { keeps: ["language"] },
      rest: {
        ...template,
        route: "PUT /notifications/settings",
        summary: "Changes how the tenant tells its customers",
        description: "What is left out is not set after it.",
      },
      params: Settings,
      result: Settings,
    },
    listTemplates: {
      rest: {
        ...template,
        route: "GET /notifications/templates",
        summary: "Which messages have words of the tenant's own",
        description: "By type, medium and language. The words themselves are what the route of each gives.",
      },
      params: object({ ...paging }),
      result: page(OwnTemplate),
    },
    getTemplate: {
      rest: {
        ...template,
        route: `GET ${TEMPLATE_ROUTE}`,
        summary: "What a message says in a language: the tenant's own words, or else the platform's",
      },
      params: object(templateKey),
      result: TemplateResult,
      errors: [notFound],
    },
    setTemplate: {
      audited: { object: "type", keeps: ["medium", "language"] },
      rest: {
        ...template,
        route: `PUT ${TEMPLATE_ROUTE}`,
        summary: "Gives a message words of the tenant's own",
        description:
          "Mustache: `{{number}}`, and `{{#items}}` for each item. A tag that is not known is a 422 that names it. In HTML all values are escaped.",
      },
      params: object({ ...templateKey, ...templateParts }),
      result: TemplateResult,
    },
    removeTemplate: {
      audited: { object: "type", keeps: ["medium", "language"] },
      rest: {
        ...template,
        route: `DELETE ${TEMPLATE_ROUTE}`,
        summary: "Goes back to the platform's words",
        status: 204,
      },
      params: object(templateKey),
      result: object({}),
      errors: [notFound],
    },
    previewTemplate: {
      audited: { object: "type", keeps: ["medium", "language"] },
      rest: {
        ...template,
        route: `POST ${TEMPLATE_ROUTE}/preview`,
        summary: "What a message would say, of an order that is made up",
        description: "In the words of the body. Nothing is kept.",
        harmless: true,
      },
      params: object({ ...templateKey, ...templateParts }),
      result: Rendered,
    },
    listOutbox: {
      rest: {
        route: "GET /admin/outbox",
        tag: "Operations",
        summary: "The messages to customers, those of the newest orders first",
        scopes: ["admin"],
      },
      params: object({
        medium: Type.Optional(MediumName),
        state: Type.Optional(MessageState),
        orderId: Type.Optional(Id),
        ...paging,
      }),
      result: page(OutboxMessage),
    },
    redriveMessage: {
      audited: { object: "id" },
      rest: {
        route: "POST /admin/outbox/:id/redrive",
        tag: "Operations",
        summary: "Gives a message its attempts again that was given up",
        scopes: ["admin"],
        existsBy: "notifications.deadMessage",
      },
      params: object({ id: Id }),
      result: object({ id: Id, state: MessageState }),
      errors: [notFound],
    },
    redriveMessages: {
      audited: { keeps: ["medium"] },
      rest: {
        route: "POST /admin/outbox/redrive",
        tag: "Operations",
        summary: "The same for all that were given up, or those of one medium",
        scopes: ["admin"],
      },
      params: object({ medium: Type.Optional(MediumName) }),
      result: object({ redriven: Type.Integer() }),
    },
    /** A message that was given up. */
    deadMessage: {
      scopes: ["admin"],
      idempotent: true,
      params: object({ id: Id }),
      result: object({ id: Id }),
      errors: [notFound],
    },
    issueTicket: {
      rest: {
        route: "POST /events/tickets",
        tag: "Live",
        summary: "A single-use ticket of 30 s for a browser's EventSource, which cannot send a token",
        scopes: ["orders:read"],
        status: 201,
        harmless: true,
      },
      params: object({}),
      result: object({ ticket: Type.String(), expiresAt: Instant }),
    },
    /** The token that a ticket stands for. The ticket is used up by this. */
    redeemTicket: {
      callers: "anybody",
      params: object({ ticket: Type.String() }),
      result: object({ token: Type.String() }),
      errors: [unauthorised],
    },
  },
  events: {},
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
