import type { ResultOf } from "../../../platform/contracts.ts";
import { call, serviceContext } from "../../../platform/service.ts";
import type { RecordedMessage } from "../message.ts";
import { wishesOf } from "../preference-repository.ts";
import type { NotificationsService } from "./notifications-service.ts";
import { addressIndexes } from "./unsubscribe-token.ts";
import { Wanted } from "./wanted.ts";

/** What messages say of an order, and whom they are for. Asked for when they are sent, and kept nowhere. */
export type Recipient = ResultOf<"orders.recipients">[number] & { readonly language?: string };

/** Who messages are for, by order, and how they want to be told. */
export async function recipientsOf(
  service: NotificationsService,
  messages: readonly RecordedMessage[],
): Promise<{ readonly recipients: ReadonlyMap<string, Recipient>; readonly wanted: Wanted }> {
  const { database, sealing } = service;
  const ctx = serviceContext(service);
  const orderIds = [...new Set(messages.map(({ orderId }) => orderId))];
  const orders = await call(ctx, "orders.recipients", { orderIds });
  const keys = orders.flatMap(({ tenant, customerId }) => (customerId ? [`${tenant} ${customerId}`] : []));
  const customers = [...new Set(keys)].map((key) => {
    const [tenant, customer] = key.split(" ") as [string, string];
    return { tenant, customer };
  });
  const contacts = customers.length === 0 ? [] : await call(ctx, "auth.contacts", { customers });
  const contactOf = new Map(contacts.map((contact) => [`${contact.tenant} ${contact.customer}`, contact]));
  const recipients = new Map(
    orders.map((order): [string, Recipient] => {
      const contact = contactOf.get(`${order.tenant} ${order.customerId}`);
      if (!contact) return [order.orderId, order];
      // What somebody has said of themselves goes before what an order says of them, but for where this order's mail goes.
      const { tenant: _, customer: _c, email, ...own } = contact;
      return [order.orderId, { ...order, ...own, ...(order.email === undefined && { email }) }];
    }),
  );
  const wishes = await wishesOf(database, {
    customers,
    addresses: [...recipients.values()].flatMap(({ tenant, email }) =>
      email === undefined
        ? []
        : addressIndexes(sealing, tenant, email).map((index) => ({ tenant, index: index.toString("hex") })),
    ),
    tenants: [...new Set(messages.map(({ tenant }) => tenant))],
    types: [...new Set(messages.map(({ type }) => type))],
  });
  return { recipients, wanted: new Wanted(wishes) };
}
