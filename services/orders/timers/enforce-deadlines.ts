import { after, type Instant } from "../../../platform/clock.ts";
import { inTransaction, type Tx } from "../../../platform/database.ts";
import { type Ctx, call, type DomainService, serviceContext } from "../../../platform/service.ts";
import { change, decide, hasLeft, type StoredOrder } from "../order.ts";
import { deadlineOf, FORGOTTEN_MS, nextStep } from "../process.ts";
import { adoptForgotten } from "../process-repository.ts";
import { loadOrders, lockOrders, overdueOrders, postponeDeadlines, saveOrders } from "../repository.ts";

const SET = 100;
const BY = "waybill";
/** When delivery is asked again about an order that it did not hold back: the news that it has left is on its way. */
const ASK_AGAIN_MS = 300_000;

/**
 * Gives up the orders that were not confirmed in time, and those whose authorisation ends before they have left. The
 * decision stands in the order's stream before anything is undone, so an answer that comes at the same moment either
 * was first, and the order lives, or is too late. Orders whose next step nobody asks for any more are taken in among the
 * processes in trouble: every order that stands still is seen here.
 *
 * @returns 0 when there may be more of them
 */
export async function enforceDeadlines(service: DomainService): Promise<number | undefined> {
  const now = service.clock.now();
  const ids = await overdueOrders(service.database, now, SET);
  if (ids.length === 0) return undefined;
  const ctx = serviceContext(service);
  const confirmed = (await loadOrders(service.database, ids)).filter(isConfirmed);
  const heldBack = await holdBack(ctx, confirmed).catch((error: unknown) => {
    // Those that are not confirmed do not wait for delivery to be back.
    service.logger.warn({ err: error }, "delivery did not say which orders it can hold back");
    return new Set<string>();
  });
  const moved = await inTransaction(ctx, async (tx) => {
    const due = (await lockOrders(tx, ids)).filter(({ state }) => (deadlineOf(state) ?? now) < now);
    const overdue = due.filter((order) => !isForgotten(order));
    await takeIn(tx, due.filter(isForgotten), now);
    const decidable = overdue.filter((order) => !isConfirmed(order) || heldBack.has(order.state.id));
    const changes = decidable.map((order) => {
      const code = isConfirmed(order) ? "AUTHORISATION_EXPIRED" : "TIMED_OUT";
      return change(order, decide({ kind: "give-up", code, by: BY }, order.state), now, { actor: "service:orders" });
    });
    const refused = overdue.filter((order) => !decidable.includes(order)).map(({ state }) => state.id);
    await postponeDeadlines(tx, refused, after(now, ASK_AGAIN_MS));
    return due.length - overdue.length + (await saveOrders(tx, service.log, changes)).size;
  });
  return ids.length === SET && moved > 0 ? 0 : undefined;
}

/** Given up and not yet cancelled, or gone and not yet paid. */
function isForgotten({ state }: StoredOrder): boolean {
  return state.cancelling !== undefined || hasLeft(state);
}

async function takeIn(tx: Tx, forgotten: readonly StoredOrder[], now: Instant): Promise<void> {
  const rows = forgotten.flatMap(({ state }) => {
    const step = nextStep(state)?.step;
    return step ? [{ orderId: state.id, tenant: state.tenant, number: state.placed.number, step }] : [];
  });
  await adoptForgotten(tx, rows, now);
  await postponeDeadlines(
    tx,
    forgotten.map(({ state }) => state.id),
    after(now, FORGOTTEN_MS),
  );
}

function isConfirmed({ state }: StoredOrder): boolean {
  return state.status === "PENDING_SHIPMENT";
}

/** Once an order is confirmed, delivery says whether it can still be given up. */
async function holdBack(ctx: Ctx, orders: readonly StoredOrder[]): Promise<Set<string>> {
  if (orders.length === 0) return new Set();
  const requests = orders.map(({ state }) => ({
    tenant: state.tenant,
    orderId: state.id,
    code: "AUTHORISATION_EXPIRED",
    by: BY,
  }));
  const answers = await call(ctx, "delivery.cancel", { requests });
  return new Set(answers.filter(({ cancelled }) => cancelled).map(({ orderId }) => orderId));
}
