import type { Command } from "../command.ts";
import { columns, section, short, time } from "../text.ts";

const MOST = 200;

/** The orders whose process is in trouble. */
export const stuck: Command = {
  usage: "stuck",
  description: "The orders whose process is in trouble: stuck until somebody decides, or tried again by itself",
  async run(operator) {
    const found = await operator.ask("orders.inspectProcesses", { limit: MOST });
    const first = (state: string) => (state === "stuck" ? 0 : 1);
    const rows = found
      .sort((a, b) => first(a.process.state) - first(b.process.state))
      .map(({ tenant, process }) => [
        process.number,
        tenant,
        process.state,
        process.step,
        String(process.attempts),
        time(process.since),
        time(process.dueAt),
        short(process.error),
      ]);
    const headings = ["order", "tenant", "state", "step", "attempts", "since", "next attempt", "error"];
    return section(
      `Order processes in trouble${found.length === MOST ? ` (the newest ${MOST})` : ""}`,
      columns(headings, rows),
    );
  },
};
