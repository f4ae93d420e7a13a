import type { Tx } from "../../../platform/database.ts";
import { conflict, notFound } from "../../../platform/errors.ts";
import { kept, once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import { encodeCursor, idOfCursor } from "../../../platform/schema.ts";
import type { ActionHandler, Ctx, DomainService, Identity } from "../../../platform/service.ts";
import { change, decide, type OrderCommand } from "../order.ts";
import {
  hurryProcess,
  listProcesses as listRows,
  lockProcess,
  type ProcessRow,
  processView,
  removeProcess,
} from "../process-repository.ts";
import { lockOrders, saveOrders } from "../repository.ts";
import { giveUp } from "../shared/give-up.ts";

/** The order processes in trouble: those that are tried again by themselves, and those that are stuck. */
export const listProcesses: ActionHandler<"orders.listProcesses"> = async function (ctx) {
  const { state, limit = 20, cursor } = ctx.params;
  const tenant = ownTenant(ctx);
  const before = cursor === undefined ? undefined : idOfCursor(cursor);
  const rows = await listRows(this.database, { tenant, state, before, limit: limit + 1 });
  const items = rows.slice(0, limit).map(processView);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encodeCursor([last.orderId]) : null };
};

/** Tries the failing step now. */
export const retryProcess: ActionHandler<"orders.retryProcess"> = async function (ctx) {
  const { orderId } = ctx.params;
  return once(ctx, async (tx) => {
    const process = await taken(ctx, tx, orderId);
    await act(this, ctx, tx, orderId, { kind: "retry-step", step: process.step });
    await hurryProcess(tx, orderId, this.clock.now());
    return processView({ ...process, state: "retrying", dueAt: this.clock.now() });
  });
};

/** Goes on as if the failing step were done, on an operator's word. */
export const skipStep: ActionHandler<"orders.skipStep"> = async function (ctx) {
  const { orderId, reason } = ctx.params;
  return once(ctx, async (tx) => {
    const process = await taken(ctx, tx, orderId);
    if (process.step !== "capture" && process.step !== "compensate") {
      throw conflict({ detail: `An order cannot go on without the step ${process.step}; it can be compensated.` });
    }
    await act(this, ctx, tx, orderId, { kind: "skip-step", step: process.step, ...(reason && { reason }) });
    await removeProcess(tx, orderId);
    return processView(process);
  });
};

/** Gives the order up. */
export const compensateProcess: ActionHandler<"orders.compensate"> = async function (ctx) {
  const { orderId, reason } = ctx.params;
  // A repetition finds the process gone.
  const before = await kept<ReturnType<typeof processView>>(ctx);
  if (before) return before;
  const process = await inTrouble(this, ctx, orderId);
  return giveUp(this, ctx, { id: orderId, code: "OPERATOR", message: reason }, () => process);
};

/** A process in trouble: for the gateway, which says first whether it is there. */
export const getProcess: ActionHandler<"orders.process"> = async function (ctx) {
  return inTrouble(this, ctx, ctx.params.orderId);
};

async function inTrouble(service: DomainService, ctx: Ctx, orderId: string): Promise<ReturnType<typeof processView>> {
  const tenant = ownTenant(ctx);
  const [process] = await listRows(service.database, { tenant, limit: 1, orderId });
  if (!process) throw notFound();
  return processView(process);
}

async function taken(ctx: Ctx, tx: Tx, orderId: string): Promise<ProcessRow> {
  const process = await lockProcess(tx, orderId, ownTenant(ctx));
  if (!process) throw notFound();
  return process;
}

async function act(service: DomainService, ctx: Ctx, tx: Tx, orderId: string, command: OrderCommand): Promise<void> {
  const [order] = await lockOrders(tx, [orderId]);
  if (!order) throw notFound();
  const { client, customer } = ctx.meta.identity as Identity;
  const events = decide(command, order.state);
  const meta = { actor: customer ?? client, ...(ctx.requestID && { correlationId: ctx.requestID }) };
  if (events.length > 0) await saveOrders(tx, service.log, [change(order, events, service.clock.now(), meta)]);
}
