import type { TemplateView } from "../template.ts";
import { reasonIn } from "../templates/defaults.ts";
import { formatMoney } from "./format.ts";
import type { Recipient } from "./recipients.ts";

export type Refund = NonNullable<Recipient["refunds"]>[number];

/** What a message says of an order, and of the refund that it is about. */
type Told = Omit<Recipient, "refunds"> & { readonly refund?: Refund | undefined };

/** An order that nobody has placed, for whoever tries a template. */
export const EXAMPLE: Told = {
  orderId: "01890000-0000-7000-8000-000000000000",
  tenant: "example",
  number: "W-10042",
  name: "Ada Lovelace",
  currency: "EUR",
  total: 4_698,
  items: [
    { sku: "SKU-COFFEE-1KG", name: "Coffee beans, 1 kg", quantity: 2, total: 3_798 },
    { sku: "SKU-CUP", name: "Cup & saucer", quantity: 1, total: 900 },
  ],
  carrier: "Example Parcels",
  trackingNumber: "EX123456789",
  cancellationCode: "CUSTOMER_REQUEST",
  refund: { eventId: "01890000-0000-7000-8000-000000000001", amount: 900, refunded: 900 },
};

/** What a template can say of an order. */
export function viewOf(
  order: Told,
  { shop, language, unsubscribeUrl }: { shop: string; language: string; unsubscribeUrl: string | undefined },
): TemplateView {
  const { number, name, currency, total, items, carrier, trackingNumber, cancellationCode, refund } = order;
  const inWords = (amount: number) => formatMoney(amount, currency, language);
  const reason = cancellationCode === undefined ? undefined : reasonIn(language, cancellationCode);
  return {
    ...{ shop, number, total: inWords(total) },
    ...(name !== undefined && { customerName: name }),
    items: items.map((item) => ({ ...item, quantity: String(item.quantity), total: inWords(item.total) })),
    ...(carrier !== undefined && { carrier }),
    ...(trackingNumber !== undefined && { trackingNumber }),
    ...(reason !== undefined && { reason }),
    ...(refund && { refund: inWords(refund.amount), refunded: inWords(refund.refunded) }),
    ...(unsubscribeUrl !== undefined && { unsubscribeUrl }),
  };
}
