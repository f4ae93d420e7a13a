import type { Ctx, Identity } from "../../../platform/service.ts";

/** The tenant of who asks. */
export function ownTenant(ctx: Ctx): string {
  return (ctx.meta.identity as Identity).tenant;
}
