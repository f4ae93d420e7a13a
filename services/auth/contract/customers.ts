import { type Static, Type } from "@sinclair/typebox";
import type { ActionContracts } from "../../../platform/contracts.ts";
import { notFound, rateLimited, staleVersion, unauthorised } from "../../../platform/errors.ts";
import { Email, Id, Instant, object, page, paging, setOf, TenantId, text } from "../../../platform/schema.ts";
import { ClientId, Version } from "./common.ts";
import { accessToken } from "./tokens.ts";

const Password = Type.String({ minLength: 1, maxLength: 200 });

const NewPassword = Type.String({
  minLength: 10,
  maxLength: 200,
  errorMessage: "must be a text of 10 to 200 characters",
});

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

/** What all routes have in common that are a customer's own. */
export const ofCustomer = { tag: "Customers", scopes: [], customer: true } as const;

/** Customers: their passwords, logins and profiles, and what operators do about them. */
export const customers = {
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
} as const satisfies ActionContracts;
