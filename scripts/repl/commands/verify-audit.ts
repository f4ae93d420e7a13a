import type { Command } from "../command.ts";
import { Refused } from "../operator.ts";
import { red } from "../text.ts";

/** Walks the audit log and names the first row that does not fit. */
export const verifyAudit: Command = {
  usage: "verify-audit [sequence] [hash]",
  description: "Whether the audit log is whole, and still has the hash that was noted for a sequence",
  async run(operator, { sequence, hash }) {
    if (sequence !== undefined && (!/^[1-9]\d{0,14}$/.test(sequence) || !/^[0-9a-f]{64}$/.test(hash ?? "")))
      throw new Refused("A sequence is noted with its hash, as this command shows them.");
    const noted = sequence === undefined ? {} : { sequence: Number(sequence), hash: hash as string };
    const { rows, hash: last, broken } = await operator.ask("auth.verifyAuditLog", noted);
    const whole = `${rows} rows of the audit log fit. The last one: ${rows} ${last}`;
    return broken ? `${red(`Row ${broken.sequence} does not: ${broken.reason}.`)}\n${whole}` : whole;
  },
};
