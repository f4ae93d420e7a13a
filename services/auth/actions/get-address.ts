import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { findAddress } from "../customers/address-repository.ts";
import { ownCustomer } from "../customers/own-customer.ts";
import { addressView } from "../customers/saved-address.ts";

/** An address of the customer who asks; any other is not there. */
export const getAddress: ActionHandler<"auth.getAddress"> = async function (ctx) {
  const owner = ownCustomer(ctx);
  const row = await findAddress(this.database.of(owner.tenant), owner, ctx.params.id);
  if (!row) throw notFound();
  return addressView(this.sealing, row);
};
