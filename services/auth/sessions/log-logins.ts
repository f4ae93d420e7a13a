import type { Sealing } from "../../../platform/sealing/sealing.ts";
import type { Ctx, DomainService } from "../../../platform/service.ts";
import { emailIndexes } from "../customers/profile.ts";

/** Who has shown what. Members that are not known are left out: what somebody has made up may be about a person. */
export interface Shown {
  /** What was shown: a client's secret, a customer's password, or that password to change it. */
  readonly by: "secret" | "password" | "password to change it";
  readonly tenant?: string | undefined;
  readonly client?: string | undefined;
  readonly customer?: string | undefined;
  /** What {@link accountName} makes of the address, where there is no customer. */
  readonly account?: string | undefined;
}

/** Logs that somebody was let in, with the id of the request. */
export function logLetIn(service: DomainService, ctx: Ctx, shown: Shown): void {
  service.logger.info({ reqId: ctx.requestID, ...shown }, "a login");
}

/** Logs that somebody was not. */
export function logRefused(service: DomainService, ctx: Ctx, shown: Shown): void {
  service.logger.warn({ reqId: ctx.requestID, ...shown }, "a login is refused");
}

/**
 * A name for an address that is nobody's, the same each time, so that it shows when one is tried often. It takes
 * auth's keys to make: whoever has only the log cannot find the address by trying.
 */
export function accountName(sealing: Sealing, tenant: string, email: string): string {
  return (emailIndexes(sealing, tenant, email)[0] as Buffer).toString("hex", 0, 8);
}
