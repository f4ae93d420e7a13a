import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { NO_SETTINGS } from "../settings.ts";
import { settingsView } from "../shared/settings-view.ts";
import { findSettingsOf } from "../template-repository.ts";

/** How the caller's tenant tells its customers. */
export const getSettings: ActionHandler<"notifications.getSettings"> = async function (ctx) {
  return settingsView((await findSettingsOf(this, ownTenant(ctx))) ?? NO_SETTINGS);
};
