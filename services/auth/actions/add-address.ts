import { once } from "../../../platform/idempotency.ts";
import { newId } from "../../../platform/ids.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { MOST_ADDRESSES, tooManyAddresses } from "../contract.ts";
import {
  type AddressRow,
  addAddress as addRow,
  DEFAULTS,
  findAddresses,
  takeMark,
} from "../customers/address-repository.ts";
import { lockOwn, ownCustomer } from "../customers/own-customer.ts";
import { addressView, assertInCountry, sealAddress } from "../customers/saved-address.ts";

/** Keeps another address of the customer who asks. The first is the default for everything. */
export const addAddress: ActionHandler<"auth.addAddress"> = async function (ctx) {
  const { defaultShipping = false, defaultBilling = false, ...text } = ctx.params;
  assertInCountry(text);
  const owner = ownCustomer(ctx);
  return once(ctx, async (tx) => {
    await lockOwn(tx, ctx);
    const others = await findAddresses(tx, owner, MOST_ADDRESSES);
    if (others.length === MOST_ADDRESSES) throw tooManyAddresses();
    const now = this.clock.now();
    const id = newId();
    const isFirst = others.length === 0;
    const row: AddressRow = {
      ...owner,
      id,
      sealed: sealAddress(this.sealing, { id, tenant: owner.tenant }, text),
      defaultShipping: defaultShipping || isFirst,
      defaultBilling: defaultBilling || isFirst,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    for (const kind of DEFAULTS) {
      if (row[kind] && !isFirst) await takeMark(tx, owner, kind, id, now);
    }
    await addRow(tx, row);
    return addressView(this.sealing, row);
  });
};
