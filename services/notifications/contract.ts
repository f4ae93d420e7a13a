import { Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { unauthorised } from "../../platform/errors.ts";
import { Instant, object, TenantId } from "../../platform/schema.ts";

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
      },
      params: object({}),
      result: object({ ticket: Type.String(), expiresAt: Instant }),
    },
    /** Who a ticket was given to. It is used up by this. */
    redeemTicket: {
      params: object({ ticket: Type.String() }),
      result: object({
        tenant: TenantId,
        client: Type.String(),
        customer: Type.Optional(Type.String()),
        scopes: Type.Array(Type.String()),
        /** The end of the token it was given for, in seconds since 1970, and its `jti`. */
        expires: Type.Integer(),
        tokenId: Type.String(),
      }),
      errors: [unauthorised],
    },
  },
  events: {},
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
