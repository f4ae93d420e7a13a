import type { Settled } from "../../../mixins/dead-letters.ts";
import type { Command } from "../command.ts";
import { askWhoeverHasIt, idsOfDeadLetters } from "../dead-letters.ts";

/** Gives a dead letter up. */
export const discard: Command = {
  usage: "discard <id>",
  description: "Gives a dead letter up, for good; the later events of its stream go on without it",
  complete: idsOfDeadLetters,
  async run(operator, { id = "" }) {
    const settled = await askWhoeverHasIt<Settled>(operator, "discard", id);
    return `The dead letter ${settled.id} is discarded. The log of its domain keeps it.`;
  },
};
