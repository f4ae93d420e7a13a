import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { findProfile } from "../customers/customer-repository.ts";
import { ownCustomer } from "../customers/own-customer.ts";
import { openProfile, profileView } from "../customers/profile.ts";

/** The profile of the customer who asks. */
export const getProfile: ActionHandler<"auth.getProfile"> = async function (ctx) {
  const { tenant, customer } = ownCustomer(ctx);
  const row = await findProfile(this.database, tenant, customer);
  if (!row) throw notFound();
  return profileView(row, openProfile(this.sealing, row));
};
