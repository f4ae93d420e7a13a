import type { Instant } from "../../../platform/clock.ts";
import type { Tenant } from "../contract.ts";

/** A tenant that is to be added: with the default limits, and no page that may read its answers. */
export function newTenant(id: string, name: string, now: Instant): Tenant {
  return { id, name, active: true, limits: {}, corsOrigins: [], version: 1, createdAt: now, updatedAt: now };
}
