import { newId } from "../../../platform/ids.ts";
import type { Ctx, DomainService, Identity } from "../../../platform/service.ts";
import type { Cause } from "../stock.ts";

/** Who moves stock by a call, because of which request, and when. */
export function causeOf(service: DomainService, ctx: Ctx): Cause {
  const { client, customer } = ctx.meta.identity as Identity;
  return { actor: customer ?? client, correlationId: ctx.requestID ?? newId(), at: service.clock.now() };
}
