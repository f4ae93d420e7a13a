import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import { money } from "../../../platform/money.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { Inspection } from "../contract.ts";
import { linesOf } from "../order.ts";
import { deadlineOf, nextStep } from "../process.ts";
import { listProcesses, processView } from "../process-repository.ts";
import { eventsOf, findByOrderNumber } from "../repository.ts";

/** All that operators may want to know of the orders with a number, of the tenant or of all. */
export const inspectOrder: ActionHandler<"orders.inspect"> = async function (ctx) {
  const asker = ownTenant(ctx);
  const found = await findByOrderNumber(this.database, asker, ctx.params.number);
  const streams = await eventsOf(
    this.log,
    asker,
    found.map(({ state }) => state.id),
  );
  return Promise.all(
    found.map(async ({ state }): Promise<Inspection> => {
      const { id, tenant, status, attention, cancelling, payment, placed } = state;
      const inCurrency = (amount: number) => money(amount, placed.currency);
      const [row] = await listProcesses(this.database, { tenant, orderId: id, limit: 1 });
      const next = nextStep(state);
      const deadline = deadlineOf(state);
      const timeline = (streams.get(id) ?? []).map(({ version, type, at, meta, data }) => ({
        ...{ version, type, at, actor: meta.actor, data: data as Record<string, unknown> },
        ...(meta.reason && { reason: meta.reason }),
      }));
      return {
        ...{ id, tenant, number: placed.number, status, createdAt: state.createdAt, updatedAt: state.updatedAt },
        ...(attention && { attention }),
        ...(cancelling && { cancelling: { code: cancelling.code, by: cancelling.by } }),
        total: inCurrency(placed.total),
        payment: {
          status: payment.status,
          authorised: inCurrency(payment.authorised),
          captured: inCurrency(payment.captured),
          refunded: inCurrency(payment.refunded),
        },
        items: linesOf(placed),
        ...(deadline && { deadlineAt: deadline }),
        ...(next && { nextStep: next.step }),
        ...(row && { trouble: processView(row) }),
        timeline,
      };
    }),
  );
};
