import type { ActionHandler } from "../../../platform/service.ts";
import { availabilityOf } from "../repository.ts";

/** What is available of SKUs of several tenants, in the order of asking. */
export const availability: ActionHandler<"inventory.availability"> = async function (ctx) {
  return availabilityOf(this.database.acrossTenants, ctx.params.requests);
};
