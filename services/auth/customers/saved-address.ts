import { validationFailed } from "../../../platform/errors.ts";
import type { Sealing } from "../../../platform/sealing/sealing.ts";
import type { SavedAddress } from "../contract.ts";
import type { AddressRow } from "./address-repository.ts";
import { postalCodeProblem } from "./postal-code.ts";

/** What is written on an address. */
export type AddressText = Omit<
  SavedAddress,
  "id" | "defaultShipping" | "defaultBilling" | "version" | "createdAt" | "updatedAt"
>;

/** The column that addresses are sealed in. */
export const ADDRESSES = "addresses.address";

export function sealAddress(
  sealing: Sealing,
  { id, tenant }: Pick<AddressRow, "id" | "tenant">,
  text: AddressText,
): Buffer {
  return sealing.column(ADDRESSES).seal({ tenant, id }, JSON.stringify(text));
}

export function openAddress(sealing: Sealing, { id, tenant, sealed }: AddressRow): AddressText {
  return JSON.parse(sealing.column(ADDRESSES).open({ tenant, id }, sealed)) as AddressText;
}

/** An address as its customer sees it. */
export function addressView(sealing: Sealing, row: AddressRow): SavedAddress {
  const { id, defaultShipping, defaultBilling, version, createdAt, updatedAt } = row;
  return { id, ...openAddress(sealing, row), defaultShipping, defaultBilling, version, createdAt, updatedAt };
}

/** Throws VALIDATION_FAILED for an address that cannot be in its country. */
export function assertInCountry({ country, postalCode }: AddressText): void {
  const message = postalCodeProblem(country, postalCode);
  if (message === undefined) return;
  throw validationFailed({ detail: `/postalCode ${message}`, errors: [{ path: "/postalCode", message }] });
}
