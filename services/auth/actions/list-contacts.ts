import type { ActionHandler } from "../../../platform/service.ts";
import { findProfiles } from "../customers/customer-repository.ts";
import { openProfile } from "../customers/profile.ts";

/** How customers of any tenants are reached. */
export const listContacts: ActionHandler<"auth.contacts"> = async function (ctx) {
  const rows = await findProfiles(this.database, ctx.params.customers);
  return rows.map((row) => ({ tenant: row.tenant, customer: row.id, ...openProfile(this.sealing, row) }));
};
