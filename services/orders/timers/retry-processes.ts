import { after } from "../../../platform/clock.ts";
import { inTransaction } from "../../../platform/database.ts";
import { type DomainService, serviceContext } from "../../../platform/service.ts";
import { giveBack, removeTakenProcesses, takeDueProcesses } from "../process-repository.ts";
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
  const until = after(now, TAKEN_MS);
  const due = await takeDueProcesses(service.database, now, until, SET);
  if (due.length === 0) return undefined;
  const ids = due.map((process) => process.orderId);
  try {
    const ctx = serviceContext(service);
    const advanced = await advance(ctx, ids);
    await inTransaction(ctx, async (tx) => {
      await writeAdvance(tx, service, advanced);
      await removeTakenProcesses(tx, advanced.idle, until);
    });
  } catch (error) {
    // Given back, if the database lets us: nobody else tries them before the time for which they were taken is over.
    await giveBack(service.database, ids, service.clock.now()).catch(() => {});
    throw error;
  }
  return due.length === SET ? 0 : undefined;
}
