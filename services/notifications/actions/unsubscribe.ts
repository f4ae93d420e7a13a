import { notFound } from "../../../platform/errors.ts";
import { newId } from "../../../platform/ids.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { MESSAGE_TYPES } from "../contract.ts";
import { addSuppression, savePreferences } from "../preference-repository.ts";
import { addressIndexes, SUPPRESSED, unsubscriberOf } from "../shared/unsubscribe-token.ts";

/**
 * Ends all mail to whom a mail's link names: of somebody with an account by their preferences, where they can change it
 * again, of anybody else by the address. Throws NOT_FOUND for a link that is not ours.
 */
export const unsubscribe: ActionHandler<"notifications.unsubscribe"> = async function (ctx) {
  const who = unsubscriberOf(this.sealing, ctx.params.token);
  if (!who) throw notFound({ detail: "This link is not good." });
  const { tenant, email, customer } = who;
  await this.database.transaction(tenant, async (tx) => {
    if (customer !== undefined) {
      const none = MESSAGE_TYPES.map((type) => ({ type, medium: "email" as const, enabled: false }));
      return savePreferences(tx, { tenant, customer }, none);
    }
    const id = newId();
    const sealed = this.sealing.column(SUPPRESSED).seal({ tenant, id }, email);
    const indexes = addressIndexes(this.sealing, tenant, email);
    await addSuppression(tx, { id, tenant, sealed, indexes }, this.clock.now());
  });
  return {};
};
