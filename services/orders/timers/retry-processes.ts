import { after } from "../../../platform/clock.ts";
import { inTransaction } from "../../../platform/database.ts";
import { type DomainService, serviceContext } from "../../../platform/service.ts";
import { adoptForgotten, removeProcesses, takeDueProcesses } from "../process-repository.ts";
import { advance, writeAdvance } from "../steps/advance.ts";

const SET = 100;
/** Longer than any set of calls takes: until then no other node tries the same processes. */
const TAKEN_MS = 60_000;
/** An order that has stood so long before a step of the process was forgotten: its event is a dead letter, or worse. */
const FORGOTTEN_MS = 120_000;

/**
 * Tries the steps again whose processes are in trouble and due. Orders whose step nobody asks for any more are taken
 * in: every order that stands still is seen here.
 *
 * @returns 0 when there may be more of them
 */
export async function retryProcesses(service: DomainService): Promise<number | undefined> {
  const now = service.clock.now();
  await adoptForgotten(service.database, after(now, -FORGOTTEN_MS), now);
  const due = await takeDueProcesses(service.database, now, after(now, TAKEN_MS), SET);
  if (due.length === 0) return undefined;
  const ctx = serviceContext(service);
  const advanced = await advance(
    ctx,
    due.map((process) => process.orderId),
  );
  await inTransaction(ctx, async (tx) => {
    await writeAdvance(tx, service, advanced);
    await removeProcesses(tx, advanced.idle);
  });
  return due.length === SET ? 0 : undefined;
}
