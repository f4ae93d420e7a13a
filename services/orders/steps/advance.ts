import { after } from "../../../platform/clock.ts";
import type { Tx } from "../../../platform/database.ts";
import type { EventMeta } from "../../../platform/event-log.ts";
import type { Ctx, DomainService } from "../../../platform/service.ts";
import { change, decide, type OrderChange, type OrderState } from "../order.ts";
import { nextStep, retryPause, STUCK_AFTER, type Step } from "../process.ts";
import { type ProcessRow, recordTrouble, troublesOf } from "../process-repository.ts";
import { type FoundOrder, loadOrders, saveOrders } from "../repository.ts";
import { askForSteps } from "./ask-for-steps.ts";
import type { Outcome } from "./step.ts";

/** Who cancelled an order, and why, stands with the event that ends it: callers do not see the decision. */
function onBehalf(cause: EventMeta, { cancelling }: OrderState): EventMeta {
  if (!cancelling) return cause;
  return { ...cause, actor: cancelling.by, ...(cancelling.message && { reason: cancelling.message }) };
}

/** What became known about a set of orders, ready to be written. */
export interface Advance {
  readonly changes: readonly OrderChange[];
  readonly troubles: readonly ProcessRow[];
  /** The orders that wait for nothing of the process: neither a step nor an operator. */
  readonly idle: readonly string[];
}

/**
 * Moves the processes of some orders on by one step: asks the other domains for what is next, all orders of a step
 * in one call, and decides what their answers mean. Nothing is written here.
 */
export async function advance(
  ctx: Ctx,
  ids: readonly string[],
  causes?: ReadonlyMap<string, EventMeta>,
): Promise<Advance> {
  const { database, clock } = ctx.service as unknown as DomainService;
  const due: { order: FoundOrder; step: Step }[] = [];
  const idle: string[] = [];
  for (const order of await loadOrders(database, ids)) {
    const step = nextStep(order.state);
    if (step) due.push({ order, step });
    else if (order.state.payment.status !== "CAPTURE_FAILED") idle.push(order.state.id);
  }
  if (due.length === 0) return { changes: [], troubles: [], idle };
  const outcomes = await askForSteps(ctx, due);
  const now = clock.now();
  const changes: OrderChange[] = [];
  const failed: { order: FoundOrder; step: Step; error: string; forGood: boolean }[] = [];
  due.forEach(({ order, step }, i) => {
    const outcome = outcomes[i] as Outcome;
    if (outcome.command) {
      const events = decide(outcome.command, order.state);
      const cause = causes?.get(order.state.id) ?? { actor: "service:orders" };
      const meta = outcome.command.kind === "compensated" ? onBehalf(cause, order.state) : cause;
      if (events.length > 0) changes.push(change(order, events, now, meta));
    }
    if (outcome.error !== undefined)
      failed.push({ order, step, error: outcome.error, forGood: outcome.forGood ?? false });
  });
  const known =
    failed.length > 0
      ? await troublesOf(
          database,
          failed.map(({ order }) => order.state.id),
        )
      : new Map();
  const troubles = failed.map(({ order, step, error, forGood }): ProcessRow => {
    const before: ProcessRow | undefined = known.get(order.state.id);
    const attempts = before?.step === step.step ? before.attempts + 1 : 1;
    return {
      orderId: order.state.id,
      tenant: order.state.tenant,
      number: order.state.placed.number,
      state: forGood || attempts >= STUCK_AFTER ? "stuck" : "retrying",
      step: step.step,
      attempts,
      error,
      dueAt: after(now, retryPause(attempts, Math.random())),
      since: before?.since ?? now,
    };
  });
  return { changes, troubles, idle };
}

/**
 * Writes what became known. An order that somebody else has moved on meanwhile is left out: the event that moved it
 * brings it here again, and every step can be asked twice.
 */
export async function writeAdvance(
  tx: Tx,
  service: DomainService,
  { changes, troubles }: Omit<Advance, "idle">,
): Promise<void> {
  await saveOrders(tx, service.log, changes, "step");
  await recordTrouble(tx, troubles);
}
