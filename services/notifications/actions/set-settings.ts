import { inTransaction } from "../../../platform/database.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { NO_SETTINGS } from "../settings.ts";
import { settingsView } from "../shared/settings-view.ts";
import { keepSettings } from "../template-repository.ts";

/** Changes how the caller's tenant tells its customers; what is left out is not set after it. */
export const setSettings: ActionHandler<"notifications.setSettings"> = async function (ctx) {
  const settings = { ...NO_SETTINGS, ...ctx.params };
  await inTransaction(ctx, (tx) => keepSettings(tx, this.sealing, ownTenant(ctx), settings, this.clock.now()));
  return settingsView(settings);
};
