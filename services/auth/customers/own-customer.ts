import type { Tx } from "../../../platform/database.ts";
import { notFound, staleVersion } from "../../../platform/errors.ts";
import type { Ctx, Identity } from "../../../platform/service.ts";
import type { Owner } from "./address-repository.ts";
import { lockProfile, type ProfileRow } from "./customer-repository.ts";

/** The customer whose token it is; routes that ask for it let no other token in. */
export function ownCustomer(ctx: Ctx): Owner {
  const { tenant, customer } = ctx.meta.identity as Identity;
  return { tenant, customer: customer as string };
}

/** The caller's own row, locked until the transaction ends: what they change waits for each other. */
export async function lockOwn(tx: Tx, ctx: Ctx): Promise<ProfileRow> {
  const { tenant, customer } = ownCustomer(ctx);
  const row = await lockProfile(tx, tenant, customer);
  if (!row) throw notFound();
  return row;
}

/** Throws STALE_VERSION when the caller has seen another version than there is. */
export function assertVersion(seen: number | undefined, version: number): void {
  if (seen !== undefined && seen !== version) throw staleVersion({ version });
}
