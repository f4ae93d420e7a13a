import type { ResultOf } from "../../../platform/contracts.ts";
import type { Settings } from "../settings.ts";

/** What is set, as operators see it. */
export function settingsView({
  senderName,
  senderAddress,
  replyTo,
  language,
}: Settings): ResultOf<"notifications.getSettings"> {
  return {
    ...(senderName !== null && { senderName }),
    ...(senderAddress !== null && { senderAddress }),
    ...(replyTo !== null && { replyTo }),
    ...(language !== null && { language }),
  };
}
