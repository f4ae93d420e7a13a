import { actionsOf, type DomainService, defineSchema } from "../../platform/service.ts";
import { listDeadLetters } from "./actions/list-dead-letters.ts";
import { listSubscriptions } from "./actions/list-subscriptions.ts";
import { discardDeadLetter, getDeadLetter, redriveDeadLetter } from "./actions/manage-dead-letters.ts";
import { redriveDeadLetters } from "./actions/redrive-dead-letters.ts";
import { getSubscription, replaySubscription } from "./actions/replay-subscription.ts";
import { contract } from "./contract.ts";
import { gateway } from "./gateway.ts";

const handlers = {
  listDeadLetters,
  getDeadLetter,
  redriveDeadLetter,
  discardDeadLetter,
  redriveDeadLetters,
  listSubscriptions,
  getSubscription,
  replaySubscription,
};
const names = Object.keys(handlers) as (keyof typeof handlers)[];
const actions = Object.fromEntries(names.map((name) => [name, contract.actions[name]])) as Pick<
  typeof contract.actions,
  keyof typeof handlers
>;

/** The gateway to all domains. Its other routes are not actions: they need the bare response. */
export default defineSchema<DomainService>({
  name: "api",
  mixins: [gateway],
  actions: actionsOf({ ...contract, actions }, handlers),
});
