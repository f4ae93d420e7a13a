import type { Sealing } from "../../../platform/sealing/sealing.ts";
import type { Order } from "../contract.ts";
import { orderView, type PersonalData } from "../order-view.ts";
import type { FoundOrder } from "../repository.ts";

/** The column that the personal data of orders are sealed in. */
export const PERSONAL_DATA = "order_details.personal";

/** An order's personal data as its row keeps them. */
export function sealPersonalData(
  sealing: Sealing,
  { id, tenant }: { readonly id: string; readonly tenant: string },
  personal: PersonalData,
): Buffer {
  return sealing.column(PERSONAL_DATA).seal({ tenant, id }, JSON.stringify(personal));
}

/** The personal data of an order that was found; most of what is done with orders needs none of them. */
export function openPersonalData(sealing: Sealing, { state, personal }: FoundOrder): PersonalData {
  if (!personal.sealed) return personal.plain as PersonalData;
  const { id, tenant } = state;
  return JSON.parse(sealing.column(PERSONAL_DATA).open({ tenant, id }, personal.sealed)) as PersonalData;
}

/** The order as it is answered, and kept under the request's key. */
export function shownOrder(sealing: Sealing, order: FoundOrder): Order {
  return orderView(order.state, openPersonalData(sealing, order));
}
