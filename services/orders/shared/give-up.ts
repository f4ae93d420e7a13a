import type { Tx } from "../../../platform/database.ts";
import { deadlineOf } from "../../../platform/deadline.ts";
import { kept, once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { Sealing } from "../../../platform/sealing/sealing.ts";
import { type Ctx, call, type DomainService, type Identity, serviceContext } from "../../../platform/service.ts";
import { alreadyShipped } from "../contract.ts";
import { change, decide, hasLeft } from "../order.ts";
import { type FoundOrder, lockOrders, saveOrders } from "../repository.ts";
import { assertMatches, visibleOrder } from "./visible-order.ts";

/**
 * Decides to give an order up. Once it is confirmed, delivery is the arbiter: only when the shipment can no longer
 * leave does the decision stand in the order's stream.
 *
 * @param answer makes of the order what is answered
 */
export async function giveUp<T>(
  service: DomainService,
  ctx: Ctx,
  { id, code, message }: { id: string; code: string; message: string | undefined },
  answer: (sealing: Sealing, order: FoundOrder) => T,
): Promise<T> {
  // Before delivery is asked: what it does cannot be taken back when the key turns out to be another request's.
  const before = await kept<T>(ctx);
  if (before) return before;
  for (;;) {
    const seen = await visibleOrder(service, ctx, id);
    assertMatches(ctx, seen);
    if (hasLeft(seen.state)) throw alreadyShipped();
    const identity = ctx.meta.identity as Identity;
    const by = identity.customer ?? identity.client;
    const confirmed = seen.state.status === "PENDING_SHIPMENT" && !seen.state.cancelling;
    if (confirmed) await holdBack(service, ctx, id, { code, by, ...(message && { message }) });
    const answered = await once(ctx, async (tx) => {
      const [locked] = await lockOrders(tx, [id]);
      if (!locked) return null;
      // Confirmed since it was looked at: delivery has to be asked.
      if (!confirmed && locked.state.status === "PENDING_SHIPMENT" && !locked.state.cancelling) throw new Moved();
      return answer(
        service.sealing,
        await decideToGiveUp(service, ctx, tx, { ...locked, personal: seen.personal }, { code, by, message }),
      );
    }).catch((error: unknown) => {
      if (error instanceof Moved) return undefined;
      throw error;
    });
    if (answered) return answered;
  }
}

class Moved extends Error {}

async function holdBack(
  service: DomainService,
  ctx: Ctx,
  orderId: string,
  why: { code: string; by: string; message?: string },
) {
  const tenant = ownTenant(ctx);
  const own = serviceContext(service, tenant, deadlineOf(ctx));
  const [answer] = await call(own, "delivery.cancel", { requests: [{ tenant, orderId, ...why }] });
  if (!answer?.cancelled) throw alreadyShipped();
}

async function decideToGiveUp(
  service: DomainService,
  ctx: Ctx,
  tx: Tx,
  order: FoundOrder,
  why: { code: string; by: string; message: string | undefined },
): Promise<FoundOrder> {
  if (hasLeft(order.state)) throw alreadyShipped();
  const { message, ...rest } = why;
  const events = decide({ kind: "give-up", ...rest, ...(message && { message }) }, order.state);
  if (events.length === 0) return order;
  const meta = {
    actor: why.by,
    ...(ctx.requestID && { correlationId: ctx.requestID }),
    ...(message && { reason: message }),
  };
  const decided = change(order, events, service.clock.now(), meta);
  await saveOrders(tx, service.log, [decided]);
  return { ...order, state: decided.state, streamVersion: decided.streamVersion };
}
