import { LRUCache } from "lru-cache";
import { coalesce } from "../../../platform/coalesce.ts";
import type { Database } from "../../../platform/database.ts";
import { notFound, preconditionFailed } from "../../../platform/errors.ts";
import type { Ctx, DomainService, Identity } from "../../../platform/service.ts";
import { type FoundOrder, type ReadOrder, reloadOrders } from "../repository.ts";

/** The most orders that are read by one statement. */
const READ_TOGETHER = 64;
/**
 * So many orders that were read are kept, and so many characters of them, as the largest have a quarter of a million: each
 * for so long, in ms, because what is shown of one has personal data in the open.
 */
const KEPT = 2_000;
const KEPT_LENGTH = 8 * 1_024 * 1_024;
const KEPT_MS = 60_000;

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

/**
 * Reads an order of any tenant, together with those that are asked for while the ones before are read. The database is
 * asked each time whether the order is as it was; if so it is the same object, which nobody may change.
 */
function readerOf(database: Database): Reader {
  let reader = readers.get(database);
  if (!reader) {
    const kept = new LRUCache<string, ReadOrder>({
      max: KEPT,
      maxSize: KEPT_LENGTH,
      sizeCalculation: ({ order }) => lengthOf(order),
      ttl: KEPT_MS,
      ttlResolution: 1_000,
      // Otherwise what nobody asks for again would stay until others take its place.
      ttlAutopurge: true,
    });
    reader = coalesce(
      async (ids) => {
        const known = new Map(ids.map((id) => [id, kept.get(id)]));
        const found = new Map((await reloadOrders(database, known)).map((read) => [read.order.state.id, read]));
        for (const [id, read] of found) if (read !== known.get(id)) kept.set(id, read);
        return ids.map((id) => found.get(id)?.order);
      },
      { max: READ_TOGETHER },
    );
    readers.set(database, reader);
  }
  return reader;
}

function lengthOf({ state, personal }: FoundOrder): number {
  return JSON.stringify(state).length + (personal.sealed?.length ?? JSON.stringify(personal.plain).length);
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
