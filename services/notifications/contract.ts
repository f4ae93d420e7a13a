import { type Static, Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { unauthorised } from "../../platform/errors.ts";
import { Instant, object, oneOf } from "../../platform/schema.ts";

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
] as const;
export const MessageType = oneOf([...MESSAGE_TYPES]);
export type MessageType = Static<typeof MessageType>;

export const contract = defineContract({
  domain: "notifications",
  actions: {
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
