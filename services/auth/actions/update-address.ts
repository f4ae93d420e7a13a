import { isDeepStrictEqual } from "node:util";
import { inTransaction } from "../../../platform/database.ts";
import { notFound, validationFailed } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { type AddressRow, DEFAULTS, findAddress, saveAddress, takeMark } from "../customers/address-repository.ts";
import { assertVersion, lockOwn, ownCustomer } from "../customers/own-customer.ts";
import { addressView, assertInCountry, openAddress, sealAddress } from "../customers/saved-address.ts";

/** Writes an address of the caller's anew; what changes nothing makes no new version. */
export const updateAddress: ActionHandler<"auth.updateAddress"> = async function (ctx) {
  const { id, version, defaultShipping, defaultBilling, ...text } = ctx.params;
  const owner = ownCustomer(ctx);
  return inTransaction(ctx, async (tx) => {
    await lockOwn(tx, ctx);
    const before = await findAddress(tx, owner, id);
    if (!before) throw notFound();
    assertInCountry(text);
    assertVersion(version, before.version);
    const marks = {
      defaultShipping: defaultShipping ?? before.defaultShipping,
      defaultBilling: defaultBilling ?? before.defaultBilling,
    };
    const lost = DEFAULTS.filter((kind) => before[kind] && !marks[kind]);
    if (lost.length > 0) {
      const errors = lost.map((kind) => ({ path: `/${kind}`, message: "must stay true until another address is it" }));
      throw validationFailed({ detail: "There is always a default.", errors });
    }
    const isSame = DEFAULTS.every((kind) => before[kind] === marks[kind]);
    if (isSame && isDeepStrictEqual(text, openAddress(this.sealing, before))) return addressView(this.sealing, before);
    const now = this.clock.now();
    const sealed = sealAddress(this.sealing, before, text);
    const row: AddressRow = { ...before, ...marks, sealed, version: before.version + 1, updatedAt: now };
    for (const kind of DEFAULTS) if (row[kind] && !before[kind]) await takeMark(tx, owner, kind, id, now);
    await saveAddress(tx, row);
    return addressView(this.sealing, row);
  });
};
