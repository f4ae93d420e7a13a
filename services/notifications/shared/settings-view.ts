import type { ResultOf } from "../../../platform/contracts.ts";
import type { TenantSettings } from "../settings.ts";

/** What is set, as operators see it. */
export function settingsView({
  senderName,
  senderAddress,
  replyTo,
  language,
  contactEmail,
}: TenantSettings): ResultOf<"notifications.getSettings"> {
  return {
    ...(senderName !== null && { senderName }),
    ...(senderAddress !== null && { senderAddress }),
    ...(replyTo !== null && { replyTo }),
    ...(language !== null && { language }),
    ...(contactEmail !== null && { contactEmail }),
  };
}
