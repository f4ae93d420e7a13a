import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { events } from "./contract/events.ts";
import { inspection } from "./contract/inspection.ts";
import { orders } from "./contract/orders.ts";
import { processes } from "./contract/processes.ts";
import { services } from "./contract/services.ts";

export type { Inspection } from "./contract/inspection.ts";
export {
  alreadyShipped,
  Customer,
  FeedEvent,
  illegalOrderStatus,
  Order,
  OrderStatus,
  orderOutOfStock,
  PaymentState,
  priceChanged,
} from "./contract/order.ts";
export { Process } from "./contract/processes.ts";

/** All that others may know of orders: each part is said in a file of its own, and this is the one door to them. */
export const contract = defineContract({
  domain: "orders",
  actions: { ...orders, ...processes, ...inspection, ...services },
  events,
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
