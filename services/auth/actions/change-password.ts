import { inTransaction } from "../../../platform/database.ts";
import { notFound, validationFailed } from "../../../platform/errors.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { hashPassword, verifyPassword } from "../crypto/password.ts";
import { checkPassword } from "../customers/check-password.ts";
import { findPasswordOf, replacePassword } from "../customers/customer-repository.ts";
import { assertGoodPassword } from "../customers/known-passwords.ts";
import { ownCustomer } from "../customers/own-customer.ts";
import { openProfile } from "../customers/profile.ts";
import { endLogins } from "../sessions/end-session.ts";
import { logLetIn, logRefused, type Shown } from "../sessions/log-logins.ts";

const wrong = () => validationFailed({ errors: [{ path: "/currentPassword", message: "is not your password" }] });

/**
 * Gives the caller another password, if they show the one that they have: a token alone, which may be stolen, does not
 * take the account over. All their other logins end with it.
 */
export const changePassword: ActionHandler<"auth.changePassword", AuthService> = async function (ctx) {
  const { currentPassword, newPassword } = ctx.params;
  const { client, tokenId } = ctx.meta.identity as Identity;
  const owner = ownCustomer(ctx);
  const { tenant, customer: id } = owner;
  const found = await findPasswordOf(this.database, tenant, id);
  if (!found) throw notFound();
  const { passwordHash: before } = found;
  const { email } = openProfile(this.sealing, found);
  await assertGoodPassword("newPassword", newPassword, [email, client, tenant]);
  const check = () => this.hashing.run(() => verifyPassword(currentPassword, before));
  const shown: Shown = { by: "password to change it", tenant, client, customer: id };
  if (!(await checkPassword(this, ctx, { tenant, email }, check))) {
    logRefused(this, ctx, shown);
    throw wrong();
  }
  const next = await this.hashing.run(() => hashPassword(newPassword));
  // Not kept under an idempotency key: its fingerprint would be a fast hash of the passwords.
  await inTransaction(ctx, async (tx) => {
    if (!(await replacePassword(tx, { tenant, id }, before, next))) throw wrong();
    await endLogins(this, tx, owner, "PASSWORD", { but: tokenId });
  });
  logLetIn(this, ctx, shown);
  return {};
};
