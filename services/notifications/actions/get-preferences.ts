import type { ActionHandler } from "../../../platform/service.ts";
import { listPreferences } from "../preference-repository.ts";
import { allPreferences, ownCustomer } from "../shared/preferences.ts";

/** By which media the customer who asks is told of what. */
export const getPreferences: ActionHandler<"notifications.getPreferences"> = async function (ctx) {
  return allPreferences(await listPreferences(this.database, ownCustomer(ctx)));
};
