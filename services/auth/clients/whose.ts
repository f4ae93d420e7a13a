import type { Identity } from "../../../platform/service.ts";

/** The tenant whose things somebody may see and change as an operator; `*` for all. */
export function tenantsOf({ tenant, scopes }: Identity): string {
  return scopes.includes("platform") ? "*" : tenant;
}
