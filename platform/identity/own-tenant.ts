import { unauthorised } from "../errors.ts";
import type { Ctx } from "../service.ts";

/** The tenant of who asks. Throws UNAUTHORIZED for a call that nobody has asked for, which no route lets through. */
export function ownTenant(ctx: Ctx): string {
  const { identity } = ctx.meta;
  if (!identity) throw unauthorised();
  return identity.tenant;
}
