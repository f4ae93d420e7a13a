import { coalesce } from "../../../platform/coalesce.ts";
import type { Database } from "../../../platform/database.ts";
import { notFound, preconditionFailed } from "../../../platform/errors.ts";
import type { Ctx, DomainService, Identity } from "../../../platform/service.ts";
import { type FoundOrder, loadOrders } from "../repository.ts";

/** The most orders that are read by one statement. */
const READ_TOGETHER = 64;

/** An order that the caller may see. Throws NOT_FOUND for every other, whatever the reason. */
export async function visibleOrder(service: DomainService, ctx: Ctx, id: string): Promise<FoundOrder> {
  const { tenant, customer } = ctx.meta.identity as Identity;
  const order = await readerOf(service.database)(id.toLowerCase());
  const isVisible = order?.state.tenant === tenant && (!customer || order.state.placed.customerId === customer);
  if (!order || !isVisible) throw notFound();
  return order;
}

type Reader = (id: string) => Promise<FoundOrder | undefined>;
const readers = new WeakMap<Database, Reader>();

/** Reads an order of any tenant, together with those that are asked for while the ones before are read. */
function readerOf(database: Database): Reader {
  let reader = readers.get(database);
  if (!reader) {
    reader = coalesce(
      async (ids) => {
        const found = new Map((await loadOrders(database, ids)).map((order) => [order.state.id, order]));
        return ids.map((id) => found.get(id));
      },
      { max: READ_TOGETHER },
    );
    readers.set(database, reader);
  }
  return reader;
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
