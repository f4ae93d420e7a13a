import { inTransaction } from "../../../platform/database.ts";
import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import {
  DEFAULTS,
  findAddress,
  findAddresses,
  giveMark,
  removeAddress as removeRow,
} from "../customers/address-repository.ts";
import { lockOwn, ownCustomer } from "../customers/own-customer.ts";

/** Forgets an address of the caller's. What it was the default for the newest of the others is. */
export const removeAddress: ActionHandler<"auth.removeAddress"> = async function (ctx) {
  const owner = ownCustomer(ctx);
  return inTransaction(ctx, async (tx) => {
    await lockOwn(tx, ctx);
    const row = await findAddress(tx, owner, ctx.params.id);
    if (!row) throw notFound();
    await removeRow(tx, owner, row.id);
    const [newest] = await findAddresses(tx, owner, 1);
    const now = this.clock.now();
    for (const kind of DEFAULTS) {
      if (row[kind] && newest) await giveMark(tx, owner, kind, newest.id, now);
    }
    return {};
  });
};
