import { Type } from "@sinclair/typebox";
import type { ActionContracts } from "../../../platform/contracts.ts";
import { defineError, rateLimited, unauthorised } from "../../../platform/errors.ts";
import { Id, Instant, object, TenantId, text } from "../../../platform/schema.ts";
import { ClientId } from "./common.ts";

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

export const invalidGrant = defineError("invalid_grant", 400, "The refresh token is not good (any more).", "never");

export const unsupportedGrantType = defineError("unsupported_grant_type", 400, "This grant is not there.", "never");

export const unauthorizedClient = defineError(
  "unauthorized_client",
  400,
  "The client was not given this grant.",
  "never",
);

export const invalidScope = defineError("invalid_scope", 400, "The scope is more than was granted.", "changed");

/** How a client names itself (RFC 6749, 2.3.1): in the body, or by Basic, which the gateway puts here. */
const clientCredentials = {
  client_id: Type.Optional(Type.String({ maxLength: 255 })),
  client_secret: Type.Optional(Type.String({ maxLength: 1_024 })),
};

const Token = Type.String({ minLength: 1, maxLength: 8_192 });

const RefreshToken = Type.String({ minLength: 1, maxLength: 200 });

/** An access token, as the token endpoint answers it (RFC 6749, 5.1). */
export const accessToken = {
  access_token: Type.String(),
  token_type: Type.Literal("Bearer"),
  expires_in: Type.Integer(),
  scope: Type.String(),
};

/** A moment as PostgreSQL writes it, and what was revoked then. */
const RevocationPlace = object({ at: text(64), id: Id });

/** Tokens: of clients, of logins, and what ends them. */
export const tokens = {
  issueToken: {
    idempotent: true,
    rest: {
      route: "POST /auth/token",
      tag: "Identity",
      summary: "An access token for a client or a refresh token (RFC 6749, 4.4 and 6)",
      scopes: [],
      open: true,
      oauth: true,
    },
    // Unknown members are ignored, as RFC 6749, 3.2 asks.
    params: Type.Object({
      grant_type: Type.Optional(Type.String()),
      scope: Type.Optional(Type.String({ maxLength: 1_000 })),
      refresh_token: Type.Optional(RefreshToken),
      ...clientCredentials,
    }),
    result: object({ ...accessToken, refresh_token: Type.Optional(Type.String()) }),
    errors: [
      invalidRequest,
      invalidClient,
      invalidGrant,
      unauthorizedClient,
      unsupportedGrantType,
      invalidScope,
      rateLimited,
    ],
  },
  refresh: {
    // Within a moment the same token gets the same next one.
    idempotent: true,
    rest: {
      route: "POST /auth/refresh",
      tag: "Identity",
      summary: "New tokens for a refresh token, which is used up by it",
      description:
        "A refresh token that was used up before ends the login and all its tokens. A second request within ten seconds gets the same answer, so that an answer that was lost logs nobody out.",
      scopes: [],
      open: true,
    },
    params: object({ refreshToken: RefreshToken, clientId: Type.Optional(ClientId) }),
    result: object({ ...accessToken, refresh_token: Type.String() }),
    errors: [unauthorised],
  },
  logout: {
    idempotent: true,
    rest: {
      route: "POST /auth/logout",
      tag: "Identity",
      summary: "Ends the login that the token is of, with all its tokens",
      scopes: [],
      harmless: true,
      status: 204,
    },
    params: object({}),
    result: object({}),
  },
  validate: {
    idempotent: true,
    rest: {
      route: "POST /auth/validate",
      tag: "Identity",
      summary: "Whether an access token is good, and what it says",
      scopes: [],
      open: true,
    },
    params: object({ token: Token }),
    result: object({
      valid: Type.Boolean(),
      /** What it is ended by. */
      tokenId: Type.Optional(Type.String()),
      tenant: Type.Optional(TenantId),
      client: Type.Optional(Type.String()),
      customer: Type.Optional(Type.String()),
      scopes: Type.Optional(Type.Array(Type.String())),
      expiresAt: Type.Optional(Instant),
    }),
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
  /** What was revoked behind a place, oldest first, and the ids of all keys that verify something now. */
  revocations: {
    callers: "anybody",
    idempotent: true,
    params: object({ after: Type.Optional(RevocationPlace) }),
    result: object({
      /** Each by a token's `jti` or a login's id, with the end of the last token it ends, in seconds since 1970. */
      revoked: Type.Array(object({ id: Type.String(), exp: Type.Number() })),
      next: RevocationPlace,
      more: Type.Boolean(),
      kids: Type.Array(Type.String()),
    }),
  },
} as const satisfies ActionContracts;
