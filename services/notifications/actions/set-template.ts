import { inTransaction } from "../../../platform/database.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { assertTemplate } from "../shared/check-template.ts";
import { saveTemplate } from "../template-repository.ts";

/** Gives a message words of the tenant's own. Throws VALIDATION_FAILED for those that could not be sent. */
export const setTemplate: ActionHandler<"notifications.setTemplate"> = async function (ctx) {
  const { type, medium, language, ...template } = ctx.params;
  assertTemplate(medium, template);
  const key = { tenant: ownTenant(ctx), type, medium, language };
  const updatedAt = this.clock.now();
  await inTransaction(ctx, (tx) => saveTemplate(tx, key, template, updatedAt));
  return { type, medium, language, ...template, source: "own", updatedAt };
};
