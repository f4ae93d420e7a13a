import type { ActionHandler } from "../../../platform/service.ts";
import { countProcesses } from "../process-repository.ts";
import { countByStatus } from "../repository.ts";

/** How many orders there are of each status, and how many of their processes are in trouble. */
export const orderFigures: ActionHandler<"orders.figures"> = async function () {
  const [orders, processes] = await Promise.all([countByStatus(this.database), countProcesses(this.database)]);
  const count = (state: string) => processes.find((row) => row.state === state)?.count ?? 0;
  return {
    ordersByStatus: Object.fromEntries(orders.map((row) => [row.status, row.count])),
    processes: { retrying: count("retrying"), stuck: count("stuck") },
  };
};
