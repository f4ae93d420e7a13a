import { actionsOf, type DomainService, defineSchema } from "../../platform/service.ts";
import { listDeadLetters } from "./actions/list-dead-letters.ts";
import { discardDeadLetter, getDeadLetter, redriveDeadLetter } from "./actions/manage-dead-letters.ts";
import { contract } from "./contract.ts";
import { gateway } from "./gateway.ts";

const {
  listDeadLetters: list,
  getDeadLetter: get,
  redriveDeadLetter: redrive,
  discardDeadLetter: discard,
} = contract.actions;

/** The gateway to all domains. Its other routes are not actions: they need the bare response. */
export default defineSchema<DomainService>({
  name: "api",
  mixins: [gateway],
  actions: actionsOf(
    {
      ...contract,
      actions: { listDeadLetters: list, getDeadLetter: get, redriveDeadLetter: redrive, discardDeadLetter: discard },
    },
    { listDeadLetters, getDeadLetter, redriveDeadLetter, discardDeadLetter },
  ),
});
