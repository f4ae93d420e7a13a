import { notFound, preconditionFailed } from "../../../platform/errors.ts";
import type { Ctx, DomainService, Identity } from "../../../platform/service.ts";
import { type FoundOrder, findOrder } from "../repository.ts";

/** An order that the caller may see. Throws NOT_FOUND for every other, whatever the reason. */
export async function visibleOrder(service: DomainService, ctx: Ctx, id: string): Promise<FoundOrder> {
  const { tenant, customer } = ctx.meta.identity as Identity;
  const order = await findOrder(service.database, id, tenant, customer);
  if (!order) throw notFound();
  return order;
}

/**
 * The entity tag of an order: its stream's version, which every change moves on. It is not the version that callers
 * see, which passes internal events over, and does not look like it.
 */
export function etagOf(streamVersion: number): string {
  return `"o${streamVersion}"`;
}

/** Throws PRECONDITION_FAILED when the caller knows another state of the order than this one. */
export function assertMatches(ctx: Ctx, order: FoundOrder): void {
  const expected = ctx.meta.ifMatch;
  if (expected === undefined || expected === "*") return;
  const tags = expected.split(",").map((tag) => tag.trim());
  if (!tags.includes(etagOf(order.streamVersion))) throw preconditionFailed();
}
