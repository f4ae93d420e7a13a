import { Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { defineError, rateLimited, unauthorised } from "../../platform/errors.ts";
import { object, TenantId } from "../../platform/schema.ts";

/** The errors of RFC 6749, 5.2; the token routes answer them in that form. */
export const invalidRequest = defineError(
  "invalid_request",
  400,
  "The request lacks a parameter or has a wrong one.",
  "changed",
);
export const invalidClient = defineError(
  "invalid_client",
  401,
  "The client is not known, or its secret is wrong.",
  "changed",
);
export const unsupportedGrantType = defineError("unsupported_grant_type", 400, "This grant is not there.", "never");
export const invalidScope = defineError("invalid_scope", 400, "The scope is more than was granted.", "changed");

/** How a client names itself (RFC 6749, 2.3.1): in the body, or by Basic, which the gateway puts here. */
const clientCredentials = {
  client_id: Type.Optional(Type.String({ maxLength: 255 })),
  client_secret: Type.Optional(Type.String({ maxLength: 1_024 })),
};
const Token = Type.String({ minLength: 1, maxLength: 8_192 });

export const contract = defineContract({
  domain: "auth",
  actions: {
    issueToken: {
      idempotent: true,
      rest: {
        route: "POST /auth/token",
        tag: "Identity",
        summary: "An access token for a client (RFC 6749, 4.4)",
        scopes: [],
        open: true,
        oauth: true,
      },
      // Unknown members are ignored, as RFC 6749, 3.2 asks.
      params: Type.Object({
        grant_type: Type.Optional(Type.String()),
        scope: Type.Optional(Type.String({ maxLength: 1_000 })),
        ...clientCredentials,
      }),
      result: object({
        access_token: Type.String(),
        token_type: Type.Literal("Bearer"),
        expires_in: Type.Integer(),
        scope: Type.String(),
      }),
      errors: [invalidRequest, invalidClient, unsupportedGrantType, invalidScope, rateLimited],
    },
    introspect: {
      idempotent: true,
      rest: {
        route: "POST /auth/introspect",
        tag: "Identity",
        summary: "Whether a token is active, and what it says (RFC 7662)",
        scopes: [],
        open: true,
        oauth: true,
      },
      params: Type.Object({ token: Token, token_type_hint: Type.Optional(Type.String()), ...clientCredentials }),
      result: object({
        active: Type.Boolean(),
        scope: Type.Optional(Type.String()),
        client_id: Type.Optional(Type.String()),
        token_type: Type.Optional(Type.String()),
        exp: Type.Optional(Type.Integer()),
        iat: Type.Optional(Type.Integer()),
        sub: Type.Optional(Type.String()),
        aud: Type.Optional(Type.String()),
        iss: Type.Optional(Type.String()),
        jti: Type.Optional(Type.String()),
        tenant: Type.Optional(Type.String()),
      }),
      errors: [invalidRequest, invalidClient, rateLimited],
    },
    revoke: {
      idempotent: true,
      rest: {
        route: "POST /auth/revoke",
        tag: "Identity",
        summary: "Ends a token (RFC 7009)",
        scopes: [],
        open: true,
        oauth: true,
      },
      params: Type.Object({ token: Token, token_type_hint: Type.Optional(Type.String()), ...clientCredentials }),
      result: object({}),
      errors: [invalidRequest, invalidClient, rateLimited],
    },
    jwks: {
      rest: {
        route: "GET /.well-known/jwks.json",
        tag: "Identity",
        summary: "The keys that access tokens are signed with (RFC 7517)",
        scopes: [],
        open: true,
        root: true,
      },
      params: object({}),
      result: object({ keys: Type.Array(Type.Record(Type.String(), Type.String())) }),
    },
    metadata: {
      rest: {
        route: "GET /.well-known/oauth-authorization-server",
        tag: "Identity",
        summary: "The authorisation server's metadata (RFC 8414)",
        scopes: [],
        open: true,
        root: true,
      },
      params: object({}),
      result: Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String())])),
    },
    /** Who an access token is: its signature, its times and its revocation are checked. */
    authenticate: {
      idempotent: true,
      params: object({ token: Type.String() }),
      result: object({
        tenant: TenantId,
        client: Type.String(),
        customer: Type.Optional(Type.String()),
        scopes: Type.Array(Type.String()),
        /** The end of the token, in seconds since 1970. */
        expires: Type.Integer(),
        /** The token's `jti`, by which it is revoked. */
        tokenId: Type.String(),
      }),
      errors: [unauthorised],
    },
    /** Which of some tokens were revoked, by their `jti`: asked for what lasts longer than a request, the live feeds. */
    revokedAmong: {
      idempotent: true,
      params: object({ tokenIds: Type.Array(Type.String(), { maxItems: 1_000 }) }),
      result: Type.Array(Type.String()),
    },
  },
  events: {},
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
