import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { addresses } from "./contract/addresses.ts";
import { audit } from "./contract/audit.ts";
import { clients } from "./contract/clients.ts";
import { customers } from "./contract/customers.ts";
import { keys } from "./contract/keys.ts";
import { tenants } from "./contract/tenants.ts";
import { tokens } from "./contract/tokens.ts";

export { MOST_ADDRESSES, SavedAddress, tooManyAddresses } from "./contract/addresses.ts";
export { AuditedAct } from "./contract/audit.ts";
export { type ClientLimits, type ClientWithSecret, type Grant, ManagedClient, SCOPES } from "./contract/clients.ts";
export { CustomerAccount, Profile } from "./contract/customers.ts";
export type { Key } from "./contract/keys.ts";
export { Tenant, tenantTaken } from "./contract/tenants.ts";
export {
  invalidClient,
  invalidGrant,
  invalidRequest,
  invalidScope,
  unauthorizedClient,
  unsupportedGrantType,
} from "./contract/tokens.ts";

/** All that others may know of identities: each part is said in a file of its own, and this is the one door to them. */
export const contract = defineContract({
  domain: "auth",
  actions: {
    ...tokens,
    ...customers,
    ...addresses,
    ...tenants,
    ...clients,
    ...keys,
    ...audit,
  },
  events: {},
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
