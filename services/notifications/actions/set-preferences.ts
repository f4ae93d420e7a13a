import { inTransaction } from "../../../platform/database.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { listPreferences, savePreferences } from "../preference-repository.ts";
import { allPreferences, ownCustomer } from "../shared/preferences.ts";

/** Changes by which media the customer who asks is told of what. Of what is named twice the last word counts. */
export const setPreferences: ActionHandler<"notifications.setPreferences"> = async function (ctx) {
  const customer = ownCustomer(ctx);
  const said = new Map(ctx.params.items.map((item) => [`${item.type} ${item.medium}`, item]));
  await inTransaction(ctx, (tx) => savePreferences(tx, customer, [...said.values()]));
  return allPreferences(await listPreferences(this.database, customer));
};
