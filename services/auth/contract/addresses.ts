import { type Static, Type } from "@sinclair/typebox";
import type { ActionContracts } from "../../../platform/contracts.ts";
import { defineError, notFound, staleVersion } from "../../../platform/errors.ts";
import { Address, Id, Instant, object, page, paging, text } from "../../../platform/schema.ts";
import { Version } from "./common.ts";
import { ofCustomer } from "./customers.ts";

/** So many addresses a customer keeps at most. */
export const MOST_ADDRESSES = 100;

export const tooManyAddresses = defineError(
  "TOO_MANY_ADDRESSES",
  409,
  `A customer keeps at most ${MOST_ADDRESSES} addresses.`,
  "changed",
);

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

/** The addresses that customers keep. */
export const addresses = {
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
} as const satisfies ActionContracts;
