import { inTransaction } from "../../../platform/database.ts";
import { unauthorised } from "../../../platform/errors.ts";
import { newId } from "../../../platform/ids.ts";
import { type ActionHandler, serviceContext } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { findClientForLogin } from "../clients/find-client.ts";
import { hashPassword } from "../crypto/password.ts";
import { addCustomer } from "../customers/customer-repository.ts";
import { assertGoodPassword } from "../customers/known-passwords.ts";

/**
 * Gives a customer of the client's tenant a password. An address that has one already keeps it, and the answer is the
 * same: it says nothing of who has an account.
 */
export const registerCustomer: ActionHandler<"auth.register", AuthService> = async function (ctx) {
  const { clientId, email, password, name } = ctx.params;
  const client = await findClientForLogin(this, clientId);
  if (!client) throw unauthorised({ detail: "The client is not known." });
  await assertGoodPassword("password", password, [email, client.id, client.tenant]);
  const register = async () => {
    const passwordHash = await this.hashing.run(() => hashPassword(password));
    const profile = { email, ...(name !== undefined && { name }) };
    const customer = { id: newId(), tenant: client.tenant, passwordHash, profile };
    const own = serviceContext(this, client.tenant);
    await inTransaction(own, (tx) => addCustomer(tx, this.sealing, customer, this.clock.now()));
    // Counted like a wrong guess, so that nobody fills the table.
    return false;
  };
  const now = () => Date.parse(this.clock.now());
  await this.guesses.attemptIn(ctx, `register ${ctx.meta.address ?? ""}`, now, register);
  return { email, ...(name !== undefined && { name }) };
};
