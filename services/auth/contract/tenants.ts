import { type Static, Type } from "@sinclair/typebox";
import type { ActionContracts } from "../../../platform/contracts.ts";
import { conflict, defineError, notFound, staleVersion } from "../../../platform/errors.ts";
import { Instant, object, page, paging, text } from "../../../platform/schema.ts";
import { Version } from "./common.ts";

/** Requests a minute. */
export const Limit = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  errorMessage: "must be a whole number of requests a minute",
});

/** The limits in a tenant's record. */
export const TenantLimits = object({ requests: Type.Optional(Limit) });

/** Origins as browsers send them: a page of one of them may read the answers to the tenant's tokens. */
const Origins = Type.Array(
  Type.String({
    pattern: "^https?://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?$",
    errorMessage:
      "must be an origin such as https://shop.example: scheme, host in lower case, and a port that is not the usual one",
  }),
  { maxItems: 50, errorMessage: "must be a list of at most 50 origins" },
);

export const tenantTaken = defineError("TENANT_TAKEN", 409, "There is another tenant with this id.", "changed");

/** The id of a tenant or a client in a path. */
export const Slug = Type.String({
  pattern: "^[a-z0-9][a-z0-9-]{0,62}$",
  errorMessage: "must be 1 to 63 of the characters a-z 0-9 -, and not begin with -",
});

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

/** Tenants. */
export const tenants = {
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
} as const satisfies ActionContracts;
