import { after } from "../../../platform/clock.ts";
import { inTransaction } from "../../../platform/database.ts";
import { type DomainService, serviceContext } from "../../../platform/service.ts";
import { removeProcess, takeDueProcesses } from "../process-repository.ts";
import { advance, writeAdvance } from "../steps/advance.ts";

const SET = 100;
/** Longer than any set of calls takes: until then no other node tries the same processes. */
const TAKEN_MS = 60_000;

/**
 * Tries the steps again whose processes are in trouble and due.
 *
 * @returns 0 when there may be more of them
 */
export async function retryProcesses(service: DomainService): Promise<number | undefined> {
  const now = service.clock.now();
  const due = await takeDueProcesses(service.database, now, after(now, TAKEN_MS), SET);
  if (due.length === 0) return undefined;
  const ctx = serviceContext(service);
  const advanced = await advance(
    ctx,
    due.map((process) => process.orderId),
  );
  const asked = new Set([
    ...advanced.changes.map(({ state }) => state.id),
    ...advanced.troubles.map(({ orderId }) => orderId),
  ]);
  await inTransaction(ctx, async (tx) => {
    await writeAdvance(tx, service, advanced);
    // Those that had nothing to ask for are in trouble no more. A failed capture waits for its operator.
    for (const { orderId, state } of due) {
      if (!asked.has(orderId) && state !== "stuck") await removeProcess(tx, orderId);
    }
  });
  return due.length === SET ? 0 : undefined;
}
