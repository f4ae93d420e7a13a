import { randomUUID } from "node:crypto";
import { after } from "../../../platform/clock.ts";
import { inTransaction } from "../../../platform/database.ts";
import { unauthorised } from "../../../platform/errors.ts";
import { newId } from "../../../platform/ids.ts";
import { type ActionHandler, serviceContext } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { findClientForLogin } from "../clients/find-client.ts";
import { verifyPassword } from "../crypto/password.ts";
import { firstToken, hashOf, writeRefreshToken } from "../crypto/refresh-token.ts";
import { checkPassword } from "../customers/check-password.ts";
import { type CustomerRow, findCustomerByEmail } from "../customers/customer-repository.ts";
import { CUSTOMER_SCOPES } from "../scope.ts";
import { grantAccess } from "../sessions/access-grant.ts";
import { accountName, logLetIn, logRefused, type Shown } from "../sessions/log-logins.ts";
import { SESSION_MS } from "../sessions/refresh-session.ts";
import { addSession } from "../sessions/session-repository.ts";

/** A tenant without customers, to look for one in vain. */
const NOBODY = "nobody";

/**
 * Tokens for a customer who shows their password to a client. Whether client, address or password were wrong, or the
 * customer is disabled, is not said, and takes the same time.
 */
export const logIn: ActionHandler<"auth.login", AuthService> = async function (ctx) {
  const { clientId, email, password } = ctx.params;
  const client = await findClientForLogin(this, clientId);
  let customer: CustomerRow | undefined;
  const check = async () => {
    // Also without a client: it takes the same time.
    customer = await findCustomerByEmail(this.database, this.sealing, client?.tenant ?? NOBODY, email);
    const hash = customer?.active ? customer.passwordHash : undefined;
    return this.hashing.run(() => verifyPassword(password, hash));
  };
  const account = { tenant: client?.tenant ?? NOBODY, email };
  const isRight = await checkPassword(this, ctx, account, check);
  const shown: Shown = {
    by: "password",
    ...(client && { tenant: client.tenant, client: client.id }),
    ...(customer ? { customer: customer.id } : { account: accountName(this.sealing, account.tenant, email) }),
  };
  const refuse = () => {
    logRefused(this, ctx, shown);
    return unauthorised({ detail: "The email address or the password is wrong." });
  };
  if (!isRight || !client || !customer) throw refuse();
  const first = firstToken(randomUUID());
  const session = {
    id: newId(),
    family: first.family,
    tenant: client.tenant,
    client: client.id,
    customer: customer.id,
    scopes: CUSTOMER_SCOPES.filter((scope) => client.scopes.includes(scope)),
    currentHash: hashOf(first),
    expiresAt: after(this.clock.now(), SESSION_MS),
  };
  const { passwordHash } = customer;
  const own = serviceContext(this, client.tenant);
  const isAdded = await inTransaction(own, (tx) => addSession(tx, session, passwordHash, this.clock.now()));
  if (!isAdded) throw refuse();
  logLetIn(this, ctx, shown);
  const { tenant, scopes } = session;
  const grantee = {
    client: client.id,
    tenant,
    scopes,
    epoch: client.epoch,
    customer: customer.id,
    session: session.id,
  };
  return { ...grantAccess(this, grantee), refresh_token: writeRefreshToken(first) };
};
