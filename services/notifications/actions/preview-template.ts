import { once } from "../../../platform/idempotency.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { NO_SETTINGS } from "../settings.ts";
import { assertTemplate } from "../shared/check-template.ts";
import type { NotificationsService } from "../shared/notifications-service.ts";
import { render } from "../shared/render.ts";
import { EXAMPLE, viewOf } from "../shared/view.ts";
import { findSettingsOf } from "../template-repository.ts";

/** What a message would say in the words of the request, of an order that nobody has placed. */
export const previewTemplate: ActionHandler<"notifications.previewTemplate", NotificationsService> = async function (
  ctx,
) {
  const { medium, language, type: _, ...template } = ctx.params;
  assertTemplate(medium, template);
  const tenant = ownTenant(ctx);
  const { senderName } = (await findSettingsOf(this, tenant)) ?? NO_SETTINGS;
  const unsubscribeUrl =
    medium === "email" ? `${this.publicUrl}/api/v1/notifications/unsubscribe?token=example` : undefined;
  return once(ctx, async () =>
    render(template, viewOf(EXAMPLE, { shop: senderName ?? tenant, language, unsubscribeUrl })),
  );
};
