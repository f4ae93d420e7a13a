import type { Command } from "../command.ts";
import { Refused } from "../operator.ts";
import { columns, facts, time } from "../text.ts";

const LAST = 10;

/** The stock of a SKU, of every tenant that has it. */
export const stock: Command = {
  usage: "stock <sku>",
  description: "The stock of a SKU, and what has moved it last",
  async run(operator, { sku = "" }) {
    const found = await operator.ask("inventory.inspect", { sku, limit: LAST });
    if (found.length === 0) throw new Refused(`There is no stock of ${sku}.`);
    return found
      .map(({ tenant, stock: { onHand, reserved, available }, transactions }) => {
        const about = facts(`${sku} of ${tenant}`, {
          "on hand": String(onHand),
          reserved: String(reserved),
          available: String(available),
        });
        const rows = transactions.map((entry) => [
          time(entry.at),
          entry.type,
          signed(entry.onHandChange),
          signed(entry.reservedChange),
          entry.actor,
          [entry.reference, entry.reason].filter(Boolean).join(", "),
        ]);
        return `${about}\n${columns(["at", "type", "on hand", "reserved", "by", "for"], rows)}`;
      })
      .join("\n\n");
  },
};

function signed(change: number): string {
  return change > 0 ? `+${change}` : String(change);
}
