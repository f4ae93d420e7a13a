import { once } from "../../../platform/idempotency.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { replaceSigningKey } from "../crypto/replace-key.ts";

/** Has tokens signed with a new key, as soon as all nodes know it. Those that were signed with the one before stay good until they end. */
export const rotateKeys: ActionHandler<"auth.rotateKeys", AuthService> = async function (ctx) {
  const key = await once(ctx, async (tx) => {
    const now = this.clock.now();
    const kid = await replaceSigningKey(this, tx, now);
    return { kid, createdAt: now };
  });
  await this.keys.reload();
  return key;
};
