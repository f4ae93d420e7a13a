import type { Ctx } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { emailKey } from "./profile.ts";

/** Whose password is checked, or would be if there were such a customer. */
export interface Account {
  readonly tenant: string;
  readonly email: string;
}

/**
 * Runs the check of a password as far as it may be guessed at, and answers what it answered; throws RATE_LIMITED without
 * running it. As many wrong ones as of clients' secrets are let through from an address; more of an account from all of
 * them together, which whoever was let in from theirs before does not feel.
 */
export async function checkPassword(
  service: AuthService,
  ctx: Ctx,
  { tenant, email }: Account,
  check: () => Promise<boolean>,
): Promise<boolean> {
  const { guesses, guessesOfAccount, guessesOfAddress, usualAddresses, clock } = service;
  const from = ctx.meta.address ?? "";
  const account = `${tenant} ${emailKey(email)}`;
  const now = () => Date.parse(clock.now());
  const isUsual = await usualAddresses.has(account, from);
  const ofAccount = isUsual ? check : () => guessesOfAccount.attemptIn(ctx, `account ${account}`, now, check);
  const ofBoth = () => guesses.attemptIn(ctx, `${from} ${account}`, now, ofAccount);
  const isRight = await guessesOfAddress.attemptIn(ctx, `login ${from}`, now, ofBoth);
  if (isRight) await usualAddresses.add(account, from);
  return isRight;
}
