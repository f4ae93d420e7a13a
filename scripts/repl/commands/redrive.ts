import type { Redriven, Settled } from "../../../mixins/dead-letters.ts";
import type { Command } from "../command.ts";
import { askWhoeverHasIt, idsOfDeadLetters } from "../dead-letters.ts";

/** Gives dead letters their attempts again. */
export const redrive: Command = {
  usage: "redrive <id|all>",
  description: "Gives a dead letter all its attempts again, or all of them",
  options: [
    { option: "--domain <domain>", description: "With all: those of one domain's subscriptions" },
    { option: "--channel <channel>", description: "With all: those of the events of one log" },
  ],
  complete: async (operator) => ["all", ...(await idsOfDeadLetters(operator))],
  async run(operator, { "id|all": id = "", domain, channel }) {
    if (id !== "all") {
      const settled = await askWhoeverHasIt<Settled>(operator, "redrive", id);
      return `The dead letter ${settled.id} is tried again from now on.`;
    }
    const { found, away } = operator.domainsWith("deadLetters.redriveAll");
    const params = { ...(domain && { domain }), ...(channel && { channel }) };
    let redriven = 0;
    for (const one of found)
      redriven += (await operator.askAny<Redriven>(`${one}.deadLetters.redriveAll`, params)).redriven;
    const absent = away.length > 0 ? ` Not available, so not asked: ${away.join(", ")}.` : "";
    return `${redriven} dead letter${redriven === 1 ? " is" : "s are"} tried again from now on.${absent}`;
  },
};
