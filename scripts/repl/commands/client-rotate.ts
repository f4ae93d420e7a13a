import type { Command } from "../command.ts";
import { Refused } from "../operator.ts";
import { time } from "../text.ts";

/** Gives a client another secret. */
export const clientRotate: Command = {
  usage: "client-rotate <client>",
  description: "Gives a client another secret, shown this once; the one before stays good for a day",
  options: [{ option: "--overlap <seconds>", description: "How long the one before stays good; 0 ends it at once" }],
  async run(operator, { client = "", overlap }) {
    if (overlap !== undefined && !/^\d{1,7}$/.test(overlap)) throw new Refused(`${overlap} is no number of seconds.`);
    const params = { id: client, ...(overlap !== undefined && { overlapSeconds: Number(overlap) }) };
    const { id, secret, previousSecretUntil: until } = await operator.ask("auth.rotateSecret", params);
    const before = until === undefined ? "is not good any more" : `stays good until ${time(until)}`;
    return `The secret of ${id}, which nobody can show again: ${secret}\nThe one before ${before}.`;
  },
};
