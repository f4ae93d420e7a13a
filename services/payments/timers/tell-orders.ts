import { after } from "../../../platform/clock.ts";
import { call, serviceContext } from "../../../platform/service.ts";
import { pauseAfter, type RetryPolicy } from "../../../platform/subscriptions/retry-policy.ts";
import type { PaymentsService } from "../providers/provider.ts";
import { postponeUntold, removeTold, type UntoldRefund, untoldRefunds } from "../untold-repository.ts";

const LIMIT = 256;
/** Without end: a refund that its order does not know of is a customer who is not told. */
const RETRIES: RetryPolicy = { attempts: Number.POSITIVE_INFINITY, firstMs: 200, longestMs: 300_000 };

/**
 * Tells orders of their refunds, each payment's in their order, until they have them. It is a call and no subscription,
 * because orders would read two events of every payment, and keep a cursor over them, to find the rare one that is a refund.
 * A refund may be told twice, by two nodes or after a crash: the order knows it by its version.
 *
 * @returns 0 when there may be more of them
 */
export async function tellOrders(service: PaymentsService): Promise<0 | undefined> {
  const { database, clock, logger } = service;
  const due = await untoldRefunds(database, clock.now(), LIMIT);
  if (due.length === 0) return undefined;
  const answers = await call(serviceContext(service), "orders.recordRefunds", { refunds: due.map(refundOf) });
  const told = due.filter((_, i) => answers[i]?.recorded);
  await removeTold(database, told);
  const left = due.filter((_, i) => !answers[i]?.recorded);
  const now = clock.now();
  const later = left.map((one) => ({ ...one, dueAt: after(now, pauseAfter(one.attempts + 1, RETRIES)) }));
  await postponeUntold(database, later);
  const [first] = later;
  if (first) {
    const { tenant, data, attempts } = first;
    logger.warn(
      { tenant, orderId: data.orderId, attempts: attempts + 1, refunds: later.length },
      "orders cannot take refunds yet",
    );
  }
  return told.length > 0 ? 0 : undefined;
}

function refundOf({ id, tenant, version, data, meta }: UntoldRefund) {
  const { actor, correlationId } = meta;
  return { ...data, tenant, paymentVersion: version, eventId: id, actor, ...(correlationId && { correlationId }) };
}
