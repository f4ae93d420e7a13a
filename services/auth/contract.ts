import { type Static, Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf, type Scope } from "../../platform/contracts.ts";
import {
  conflict,
  defineError,
  forbidden,
  notFound,
  rateLimited,
  staleVersion,
  unauthorised,
} from "../../platform/errors.ts";
import {
  Address,
  Email,
  Id,
  Instant,
  object,
  oneOf,
  page,
  paging,
  setOf,
  TenantId,
  text,
} from "../../platform/schema.ts";

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

export const MOST_ADDRESSES = 100;
export const tooManyAddresses = defineError(
  "TOO_MANY_ADDRESSES",
  409,
  `A customer keeps at most ${MOST_ADDRESSES} addresses.`,
  "changed",
);

const Version = Type.Integer({ minimum: 1 });
const profile = {
  name: Type.Optional(text(200)),
  phone: Type.Optional(text(40)),
  language: Type.Optional(
    Type.String({
      pattern: "^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$",
      errorMessage: "must be a language as BCP 47 has it, such as de or pt-BR",
    }),
  ),
};

/** A customer as they see themselves. */
export const Profile = object(
  { id: Id, email: Type.String(), ...profile, version: Version, createdAt: Instant, updatedAt: Instant },
  { $id: "Profile" },
);

/** A login as its customer sees it. */
const Login = object(
  {
    id: Id,
    client: Type.String({ description: "The client by which the customer has logged in." }),
    createdAt: Instant,
    lastUsedAt: Type.String({ format: "date-time", description: "When it was given tokens last." }),
    expiresAt: Type.String({ format: "date-time", description: "When it ends if it is not used." }),
    current: Type.Boolean({ description: "Whether it is the one whose token asks." }),
  },
  { $id: "Login" },
);

/** A customer as operators see them: nothing personal. */
export const CustomerAccount = object(
  { id: Id, tenant: TenantId, active: Type.Boolean(), createdAt: Instant },
  { $id: "CustomerAccount" },
);
export type CustomerAccount = Static<typeof CustomerAccount>;

const label = Type.Optional(text(100));
/** An address that a customer keeps. */
export const SavedAddress = object(
  {
    id: Id,
    label,
    ...Address.properties,
    defaultShipping: Type.Boolean(),
    defaultBilling: Type.Boolean(),
    version: Version,
    createdAt: Instant,
    updatedAt: Instant,
  },
  { $id: "SavedAddress", description: "As long as there are addresses, one of them is the default for each use." },
);
export type SavedAddress = Static<typeof SavedAddress>;

const newAddress = {
  label,
  ...Address.properties,
  defaultShipping: Type.Optional(Type.Boolean()),
  defaultBilling: Type.Optional(Type.Boolean()),
};
const ofCustomer = { tag: "Customers", scopes: [], customer: true } as const;

/** How a client names itself (RFC 6749, 2.3.1): in the body, or by Basic, which the gateway puts here. */
const clientCredentials = {
  client_id: Type.Optional(Type.String({ maxLength: 255 })),
  client_secret: Type.Optional(Type.String({ maxLength: 1_024 })),
};
const Token = Type.String({ minLength: 1, maxLength: 8_192 });
const RefreshToken = Type.String({ minLength: 1, maxLength: 200 });
const Password = Type.String({ minLength: 1, maxLength: 200 });
const NewPassword = Type.String({
  minLength: 10,
  maxLength: 200,
  errorMessage: "must be a text of 10 to 200 characters",
});
const ClientId = Type.String({ minLength: 1, maxLength: 255 });
const Limit = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  errorMessage: "must be a whole number of requests a minute",
});

/** The limits in a client's record, in requests a minute. One that is missing has the gateway's default. */
const ClientLimits = object({
  requests: Type.Optional(Limit),
  orders: Type.Optional(Limit),
  customerRequests: Type.Optional(Limit),
  customerOrders: Type.Optional(Limit),
});

export type ClientLimits = Static<typeof ClientLimits>;

/** The limits in a tenant's record. */
const TenantLimits = object({ requests: Type.Optional(Limit) });

/** Origins as browsers send them: a page of one of them may read the answers to the tenant's tokens. */
const Origins = Type.Array(
  Type.String({
    pattern: "^https?://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?$",
    errorMessage:
      "must be an origin such as https://shop.example: scheme, host in lower case, and a port that is not the usual one",
  }),
  { maxItems: 50, errorMessage: "must be a list of at most 50 origins" },
);

/** What the edge lets a client and its tenant do. */
const EdgeRules = object({
  limits: ClientLimits,
  tenantLimits: TenantLimits,
  origins: Type.Array(Type.String()),
});

const accessToken = {
  access_token: Type.String(),
  token_type: Type.Literal("Bearer"),
  expires_in: Type.Integer(),
  scope: Type.String(),
};

/** A moment as PostgreSQL writes it, and what was revoked then. */
const RevocationPlace = object({ at: text(64), id: Id });

/** All scopes there are. */
export const SCOPES = Object.keys({
  "orders:read": true,
  "orders:write": true,
  "delivery:read": true,
  "delivery:write": true,
  "inventory:read": true,
  "inventory:write": true,
  "catalog:write": true,
  "payments:read": true,
  "payments:write": true,
  admin: true,
  platform: true,
} satisfies Record<Scope, true>) as Scope[];

export const tenantTaken = defineError("TENANT_TAKEN", 409, "There is another tenant with this id.", "changed");

/** The id of a tenant or a client in a path. */
const Slug = Type.String({
  pattern: "^[a-z0-9][a-z0-9-]{0,62}$",
  errorMessage: "must be 1 to 63 of the characters a-z 0-9 -, and not begin with -",
});
const ManagedId = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$" });
const Scopes = Type.Array(oneOf(SCOPES), {
  maxItems: 50,
  errorMessage: "must be a list of scopes",
});

/** What a client gets tokens with: its own by its secret, and customers' by their passwords (and their refresh tokens). */
const Grant = oneOf(["client_credentials", "password"]);
export type Grant = Static<typeof Grant>;
const Grants = Type.Array(Grant, { maxItems: 10, errorMessage: "must be a list of grants" });

/** A merchant, or whoever else has things of their own here. */
export const Tenant = object(
  {
    id: Slug,
    name: Type.String(),
    active: Type.Boolean(),
    limits: TenantLimits,
    corsOrigins: Type.Array(Type.String()),
    version: Type.Integer(),
    createdAt: Instant,
    updatedAt: Instant,
  },
  { $id: "Tenant" },
);
export type Tenant = Static<typeof Tenant>;

const managedClient = {
  id: Type.String(),
  tenant: TenantId,
  name: Type.String(),
  scopes: Type.Array(Type.String()),
  grants: Type.Array(
    Type.String({
      description: "`client_credentials`: tokens of its own, for its secret; `password`: customers log in by it.",
    }),
  ),
  active: Type.Boolean(),
  limits: ClientLimits,
  previousSecretUntil: Type.Optional(
    Type.String({
      format: "date-time",
      description: "Until then the secret before the last rotation is good as well.",
    }),
  ),
  version: Type.Integer(),
  createdAt: Instant,
  updatedAt: Instant,
};
/** An OAuth2 client as operators see it. */
export const ManagedClient = object(managedClient, { $id: "Client" });
export type ManagedClient = Static<typeof ManagedClient>;

/** A client that has just got a secret. */
const ClientWithSecret = object(
  {
    ...managedClient,
    secret: Type.Optional(
      Type.String({
        description:
          "Shown this once. A repetition under the same `Idempotency-Key` is answered without it: rotate it.",
      }),
    ),
  },
  { $id: "ClientWithSecret" },
);
export type ClientWithSecret = Static<typeof ClientWithSecret>;

/** A key that tokens are signed with: its public half is in the key set. */
const Key = object(
  {
    kid: Type.String(),
    algorithm: Type.Literal("ES256"),
    state: oneOf(["next", "signs", "retired"]),
    createdAt: Instant,
    retiredAt: Type.Optional(Instant),
  },
  { $id: "Key" },
);
export type Key = Static<typeof Key>;

/** What somebody who runs the platform, or a tenant's part of it, has done. */
export const AuditedAct = object(
  {
    id: Id,
    sequence: Type.Integer({ description: "Its place in the log, which also counts how acts have ended." }),
    at: Instant,
    tenant: Type.String({ description: "Whose operator it was; `*` for the platform itself." }),
    actor: object({ client: Type.String(), customer: Type.Optional(Type.String()) }),
    action: Type.String(),
    object: Type.Optional(Type.String({ description: "The id of what was acted on." })),
    params: Type.Record(Type.String(), Type.Unknown(), { description: "What is kept of the request." }),
    address: Type.Optional(Type.String({ description: "Where the request came from." })),
    requestId: Type.Optional(Type.String()),
    outcome: Type.Optional(
      Type.String({
        description: "`OK`, or the code of the error. Absent while it is not known: the act may have been done.",
      }),
    ),
    endedAt: Type.Optional(Instant),
    hash: Type.String({ description: "SHA-256, in hexadecimal, over the hash of the row before and this one." }),
  },
  { $id: "AuditedAct" },
);
export type AuditedAct = Static<typeof AuditedAct>;

/** An actor, an action or an object as the log has it. */
const Name = Type.String({ minLength: 1, maxLength: 255 });

export const contract = defineContract({
  domain: "auth",
  actions: {
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
    register: {
      idempotent: true,
      rest: {
        route: "POST /auth/register",
        tag: "Identity",
        summary: "Gives a customer a password",
        description:
          "An email address that has a password already keeps it. The answer is the same: it does not tell who has one.",
        scopes: [],
        open: true,
        status: 201,
      },
      params: object({
        clientId: ClientId,
        email: Email,
        password: NewPassword,
        name: Type.Optional(text(200)),
      }),
      result: object({ email: Type.String(), name: Type.Optional(Type.String()) }),
      errors: [unauthorised, rateLimited],
    },
    login: {
      rest: {
        route: "POST /auth/login",
        tag: "Identity",
        summary: "Tokens for a customer who shows their password",
        scopes: [],
        open: true,
      },
      params: object({ clientId: ClientId, email: Email, password: Password }),
      result: object({ ...accessToken, refresh_token: Type.String() }),
      errors: [unauthorised, rateLimited],
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
    /** How customers are reached, and in which language; nothing of those who are not there, or not active. */
    contacts: {
      callers: "services",
      idempotent: true,
      params: object({ customers: setOf(object({ tenant: TenantId, customer: Id })) }),
      result: Type.Array(object({ tenant: TenantId, customer: Id, email: Email, ...profile })),
    },
    getProfile: {
      rest: {
        ...ofCustomer,
        route: "GET /users/profile",
        summary: "The profile of the customer who asks",
        description: "Like all below /users it takes a customer's token, whatever its scopes; a client's own is a 403.",
      },
      params: object({}),
      result: Profile,
      errors: [notFound],
    },
    updateProfile: {
      rest: {
        ...ofCustomer,
        route: "PUT /users/profile",
        summary: "Writes the profile anew",
        description:
          "Members that are left out are gone after it, but for the email address, which stays. With `version` it is refused when the profile has changed since.",
      },
      params: object({ email: Type.Optional(Email), ...profile, version: Type.Optional(Version) }),
      result: Profile,
      errors: [notFound, staleVersion],
    },
    changePassword: {
      rest: {
        ...ofCustomer,
        route: "POST /users/password",
        guessable: true,
        summary: "Gives the customer another password",
        description:
          "It takes the one that they have, which is guarded as a login is. All their other logins end; this one goes on.",
        status: 204,
      },
      params: object({ currentPassword: Password, newPassword: NewPassword }),
      result: object({}),
      errors: [notFound, rateLimited],
    },
    listLogins: {
      rest: {
        ...ofCustomer,
        route: "GET /users/logins",
        summary: "Where the customer is logged in, newest first",
        description: "One for each device, as long as it may be used.",
      },
      params: object(paging),
      result: page(Login),
    },
    getLogin: {
      rest: { ...ofCustomer, route: "GET /users/logins/:id", summary: "One of the customer's logins" },
      params: object({ id: Id }),
      result: Login,
      errors: [notFound],
    },
    endLogin: {
      rest: {
        ...ofCustomer,
        route: "DELETE /users/logins/:id",
        summary: "Ends a login of the customer's, with all its tokens",
        status: 204,
        existsBy: "auth.getLogin",
      },
      params: object({ id: Id }),
      result: object({}),
      errors: [notFound],
    },
    listAddresses: {
      rest: { ...ofCustomer, route: "GET /users/addresses", summary: "The customer's addresses, newest first" },
      params: object(paging),
      result: page(SavedAddress),
    },
    addAddress: {
      rest: {
        ...ofCustomer,
        route: "POST /users/addresses",
        summary: "Keeps an address",
        description: "The first is the default for all uses. The postal code has to be one of the country.",
        status: 201,
      },
      params: object(newAddress),
      result: SavedAddress,
      errors: [notFound, tooManyAddresses],
    },
    getAddress: {
      rest: { ...ofCustomer, route: "GET /users/addresses/:id", summary: "One of the customer's addresses" },
      params: object({ id: Id }),
      result: SavedAddress,
      errors: [notFound],
    },
    updateAddress: {
      rest: {
        ...ofCustomer,
        route: "PUT /users/addresses/:id",
        summary: "Writes an address anew",
        description:
          "Members that are left out are gone after it, but for what it is the default for. Whatever is made the default, another is no more. With `version` it is refused when the address has changed since.",
        existsBy: "auth.getAddress",
      },
      params: object({ id: Id, ...newAddress, version: Type.Optional(Version) }),
      result: SavedAddress,
      errors: [notFound, staleVersion],
    },
    removeAddress: {
      rest: {
        ...ofCustomer,
        route: "DELETE /users/addresses/:id",
        summary: "Forgets an address",
        description: "What it was the default for the newest of the others is.",
        status: 204,
        existsBy: "auth.getAddress",
      },
      params: object({ id: Id }),
      result: object({}),
      errors: [notFound],
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
    listTenants: {
      rest: { route: "GET /admin/tenants", tag: "Administration", summary: "All tenants", scopes: ["platform"] },
      params: object({ ...paging }),
      result: page(Tenant),
    },
    getTenant: {
      rest: { route: "GET /admin/tenants/:id", tag: "Administration", summary: "A tenant", scopes: ["platform"] },
      params: object({ id: Slug }),
      result: Tenant,
      errors: [notFound],
    },
    createTenant: {
      audited: { object: "id", keeps: ["name"] },
      rest: {
        route: "POST /admin/tenants",
        tag: "Administration",
        summary: "Adds a tenant",
        description: "Its first client is made by `POST /admin/clients`, with `tenant`.",
        scopes: ["platform"],
        status: 201,
      },
      params: object({ id: Slug, name: text(200) }),
      result: Tenant,
      errors: [tenantTaken],
    },
    updateTenant: {
      audited: { object: "id", keeps: ["name", "active", "limits", "corsOrigins", "version"] },
      rest: {
        route: "PUT /admin/tenants/:id",
        tag: "Administration",
        summary: "Changes, disables or enables a tenant",
        description:
          "Members that are left out stay. `limits` are requests a minute of all its clients together, `corsOrigins` those whose pages may read the answers to its tokens; both hold within seconds. A tenant that is disabled gets no tokens, and those that it has end everywhere within a second. With `version` it is refused when the tenant has changed since.",
        scopes: ["platform"],
        existsBy: "auth.getTenant",
      },
      params: object({
        id: Slug,
        name: Type.Optional(text(200)),
        active: Type.Optional(Type.Boolean()),
        limits: Type.Optional(TenantLimits),
        corsOrigins: Type.Optional(Origins),
        version: Type.Optional(Version),
      }),
      result: Tenant,
      errors: [notFound, staleVersion, conflict],
    },
    listClients: {
      rest: {
        route: "GET /admin/clients",
        tag: "Administration",
        summary: "The clients of your tenant",
        description: "Newest first. With the scope `platform` those of all tenants, or of one.",
        scopes: ["admin"],
      },
      params: object({ tenant: Type.Optional(Slug), ...paging }),
      result: page(ManagedClient),
    },
    getClient: {
      rest: { route: "GET /admin/clients/:id", tag: "Administration", summary: "A client", scopes: ["admin"] },
      params: object({ id: ManagedId }),
      result: ManagedClient,
      errors: [notFound],
    },
    createClient: {
      audited: { keeps: ["tenant", "name", "scopes", "grants"] },
      rest: {
        route: "POST /admin/clients",
        tag: "Administration",
        summary: "Adds a client",
        description:
          "Its `secret` is shown this once. It gets no scope that you lack, and unless `grants` says more, no grant but `client_credentials`: customers do not log in by it.",
        scopes: ["admin"],
        status: 201,
      },
      params: object({ tenant: Type.Optional(Slug), name: text(200), scopes: Scopes, grants: Type.Optional(Grants) }),
      result: ClientWithSecret,
      errors: [forbidden],
    },
    updateClient: {
      audited: { object: "id", keeps: ["name", "scopes", "grants", "active", "limits", "version"] },
      rest: {
        route: "PUT /admin/clients/:id",
        tag: "Administration",
        summary: "Changes, disables or enables a client",
        description:
          "Members that are left out stay. `limits` are requests a minute and hold within seconds; they are for the scope `platform` to change, and one that is left out has its default. When it is disabled, or loses a scope or a grant, its tokens end everywhere within a second. With `version` it is refused when the client has changed since. You need all scopes that it has or gets.",
        scopes: ["admin"],
        existsBy: "auth.getClient",
      },
      params: object({
        id: ManagedId,
        name: Type.Optional(text(200)),
        scopes: Type.Optional(Scopes),
        grants: Type.Optional(Grants),
        active: Type.Optional(Type.Boolean()),
        limits: Type.Optional(ClientLimits),
        version: Type.Optional(Version),
      }),
      result: ManagedClient,
      errors: [notFound, forbidden, staleVersion, conflict],
    },
    rotateSecret: {
      audited: { object: "id", keeps: ["overlapSeconds"] },
      rest: {
        route: "POST /admin/clients/:id/rotate-secret",
        tag: "Administration",
        summary: "Gives a client another secret",
        description:
          "It is shown this once. The one before stays good for `overlapSeconds`, a day unless you say; with 0 it ends at once. Tokens stay good: disable the client to end them. You need all scopes that it has.",
        scopes: ["admin"],
        existsBy: "auth.getClient",
      },
      params: object({
        id: ManagedId,
        overlapSeconds: Type.Optional(
          Type.Integer({ minimum: 0, maximum: 2_592_000, errorMessage: "must be a whole number from 0 to 2592000" }),
        ),
      }),
      result: ClientWithSecret,
      errors: [notFound, forbidden, staleVersion],
    },
    getCustomer: {
      rest: {
        route: "GET /admin/customers/:id",
        tag: "Administration",
        summary: "A customer of your tenant",
        description: "By the id that their orders have as `customer.id`. What is personal is theirs alone to read.",
        scopes: ["admin"],
      },
      params: object({ id: Id }),
      result: CustomerAccount,
      errors: [notFound],
    },
    updateCustomer: {
      audited: { object: "id", keeps: ["active"] },
      rest: {
        route: "PUT /admin/customers/:id",
        tag: "Administration",
        summary: "Disables or enables a customer",
        description:
          "A customer who is disabled is let in no more, as with a wrong password; their logins end, with all tokens everywhere within a second. Enabled again they log in anew.",
        scopes: ["admin"],
        existsBy: "auth.getCustomer",
      },
      params: object({ id: Id, active: Type.Boolean() }),
      result: CustomerAccount,
      errors: [notFound],
    },
    endLogins: {
      audited: { object: "id" },
      rest: {
        route: "DELETE /admin/customers/:id/logins",
        tag: "Administration",
        summary: "Ends all logins of a customer",
        description: "With all their tokens, everywhere within a second. The customer may log in again.",
        scopes: ["admin"],
        status: 204,
        existsBy: "auth.getCustomer",
      },
      params: object({ id: Id }),
      result: object({}),
      errors: [notFound],
    },
    listKeys: {
      rest: {
        route: "GET /admin/keys",
        tag: "Administration",
        summary: "The keys that tokens are signed with",
        description: "Newest first, those that are not used any more included.",
        scopes: ["platform"],
      },
      params: object({ ...paging }),
      result: page(Key),
    },
    rotateKeys: {
      audited: { makes: "kid" },
      rest: {
        route: "POST /admin/keys/rotate",
        tag: "Administration",
        summary: "Has tokens signed with a new key",
        description:
          "It signs once all nodes know it. Tokens that were signed with the one before stay good until they end.",
        scopes: ["platform"],
      },
      params: object({}),
      result: object({ kid: Type.String(), createdAt: Instant }),
    },
    listAuditLog: {
      rest: {
        route: "GET /admin/audit-log",
        tag: "Administration",
        summary: "Who did what",
        description:
          "The privileged acts of your tenant's operators, newest first, with how they ended. With the scope `platform` those of all tenants, and of the platform itself.",
        scopes: ["admin"],
      },
      params: object({
        actor: Type.Optional(Name),
        action: Type.Optional(Name),
        from: Type.Optional(Instant),
        to: Type.Optional(Instant),
        ...paging,
      }),
      result: page(AuditedAct),
    },
    /** Puts a privileged act into the audit log, before it is done. Twice under one id it is there once. */
    recordAct: {
      callers: "services",
      idempotent: true,
      params: object({
        id: Id,
        tenant: Type.String({ maxLength: 63 }),
        client: Name,
        customer: Type.Optional(Name),
        action: Name,
        object: Type.Optional(Type.String({ maxLength: 255 })),
        params: Type.Record(Type.String(), Type.Unknown()),
        address: Type.Optional(Name),
        requestId: Type.Optional(Name),
      }),
      result: object({}),
    },
    /** Puts behind an act how it has ended: `OK`, or a code. What was told first holds. */
    recordOutcome: {
      callers: "services",
      idempotent: true,
      params: object({ act: Id, outcome: Name, object: Type.Optional(Type.String({ maxLength: 255 })) }),
      result: object({}),
      errors: [notFound],
    },
    /**
     * Whether the audit log is whole: `rows` that fit, the last one's `hash`, and what does not fit. It is held against
     * a `hash` that was noted for a `sequence`, if there is one.
     */
    verifyAuditLog: {
      scopes: ["platform"],
      params: object({ sequence: Type.Optional(Type.Integer({ minimum: 1 })), hash: Type.Optional(Type.String()) }),
      result: object({
        rows: Type.Integer(),
        hash: Type.String(),
        broken: Type.Optional(object({ sequence: Type.Integer(), reason: Type.String() })),
      }),
    },
    /** What the edge lets a client and its tenant do. */
    edgeRules: {
      callers: "anybody",
      idempotent: true,
      params: object({ client: ClientId }),
      result: EdgeRules,
    },
    /** The origins that any tenant allows, for the question that a browser asks without a token. */
    allowedOrigins: {
      callers: "anybody",
      idempotent: true,
      params: object({}),
      result: Type.Array(Type.String()),
    },
  },
  events: {},
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
