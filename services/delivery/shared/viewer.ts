import { unauthorised } from "../../../platform/errors.ts";
import type { Ctx, Identity } from "../../../platform/service.ts";
import type { Viewer } from "../repository.ts";

/** For whom shipments are looked at. */
export function viewerOf(ctx: Ctx): Viewer & { readonly identity: Identity } {
  const { identity } = ctx.meta;
  if (!identity) throw unauthorised();
  return { identity, tenant: identity.tenant, ...(identity.customer !== undefined && { customer: identity.customer }) };
}
