import { type Static, Type } from "@sinclair/typebox";
import type { ActionContracts, Scope } from "../../../platform/contracts.ts";
import { conflict, forbidden, notFound, staleVersion } from "../../../platform/errors.ts";
import { Instant, object, oneOf, page, paging, TenantId, text } from "../../../platform/schema.ts";
import { ClientId, Version } from "./common.ts";
import { Limit, Slug, TenantLimits } from "./tenants.ts";

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

/** The limits in a client's record, in requests a minute. One that is missing has the gateway's default. */
const ClientLimits = object({
  requests: Type.Optional(Limit),
  orders: Type.Optional(Limit),
  customerRequests: Type.Optional(Limit),
  customerOrders: Type.Optional(Limit),
});
export type ClientLimits = Static<typeof ClientLimits>;

/** What the edge lets a client and its tenant do. */
const EdgeRules = object({
  limits: ClientLimits,
  tenantLimits: TenantLimits,
  origins: Type.Array(Type.String()),
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

/** Clients, and what the edge lets them do. */
export const clients = {
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
} as const satisfies ActionContracts;
