import { isDeepStrictEqual } from "node:util";
import { inTransaction } from "../../../platform/database.ts";
import { validationFailed } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { saveProfile } from "../customers/customer-repository.ts";
import { assertVersion, lockOwn } from "../customers/own-customer.ts";
import { emailKey, openProfile, type Profile, profileView } from "../customers/profile.ts";

/** Writes the caller's profile anew; what changes nothing makes no new version. */
export const updateProfile: ActionHandler<"auth.updateProfile"> = async function (ctx) {
  const { version, email, ...members } = ctx.params;
  return inTransaction(ctx, async (tx) => {
    const row = await lockOwn(tx, ctx);
    assertVersion(version, row.version);
    const before = openProfile(this.sealing, row);
    if (email !== undefined && emailKey(email) !== before.email) {
      // Whoever has the address has the account: it takes a mail to the new one to prove that it is theirs.
      const errors = [{ path: "/email", message: "must stay as it is" }];
      throw validationFailed({ detail: "The email address of an account does not change here.", errors });
    }
    const profile: Profile = { email: before.email, ...members };
    if (isDeepStrictEqual(profile, before)) return profileView(row, before);
    const now = this.clock.now();
    const next = { ...row, version: row.version + 1, updatedAt: now };
    await saveProfile(tx, this.sealing, next, profile, now);
    return profileView(next, profile);
  });
};
