import { database } from "../../mixins/database.ts";
import { deadLetters } from "../../mixins/dead-letters.ts";
import { eventLog } from "../../mixins/event-log.ts";
import { health } from "../../mixins/health.ts";
import { sealing } from "../../mixins/sealing.ts";
import { subscriptions } from "../../mixins/subscriptions.ts";
import { timers } from "../../mixins/timers.ts";
import { coalesce } from "../../platform/coalesce.ts";
import { actionsOf, defineSchema } from "../../platform/service.ts";
import { cancelOrder } from "./actions/cancel-order.ts";
import { getOrder, orderVisible } from "./actions/get-order.ts";
import { inspectOrder } from "./actions/inspect-order.ts";
import { inspectProcesses } from "./actions/inspect-processes.ts";
import { listOrders, listOrdersOfUser } from "./actions/list-orders.ts";
import { compensateProcess, getProcess, listProcesses, retryProcess, skipStep } from "./actions/manage-processes.ts";
import { orderFigures } from "./actions/order-figures.ts";
import { orderHistory } from "./actions/order-history.ts";
import { orderRecipients } from "./actions/order-recipients.ts";
import { placeOrder } from "./actions/place-order.ts";
import { rebuildProjection } from "./actions/rebuild-projection.ts";
import { recordRefunds } from "./actions/record-refunds.ts";
import { setOrderStatus } from "./actions/set-order-status.ts";
import { contract } from "./contract.ts";
import { checkSet } from "./placing/check-set.ts";
import type { OrdersService } from "./placing/orders-service.ts";
import { placeSet } from "./placing/place-set.ts";
import { numberSource } from "./repository.ts";
import { advanceProcess } from "./subscriptions/advance-process.ts";
import { onShipmentMoved } from "./subscriptions/on-shipment-moved.ts";
import { enforceDeadlines } from "./timers/enforce-deadlines.ts";
import { retryProcesses } from "./timers/retry-processes.ts";
import { sealOldPersonalData } from "./timers/seal-personal-data.ts";

/** The most orders that are placed by one transaction. */
const PLACED_TOGETHER = 64;

export default defineSchema<OrdersService>({
  name: "orders",
  mixins: [
    timers({
      "order deadlines": enforceDeadlines,
      "order processes in trouble": retryProcesses,
      "personal data that are not sealed": sealOldPersonalData,
    }),
    subscriptions("orders", [
      { channel: "orders", handlers: [advanceProcess] },
      { channel: "delivery", handlers: onShipmentMoved },
    ]),
    deadLetters("orders"),
    health("orders"),
    sealing("orders"),
    eventLog("orders"),
    database("orders"),
  ],
  actions: actionsOf<typeof contract, OrdersService>(contract, {
    place: placeOrder,
    get: getOrder,
    list: listOrders,
    listOfUser: listOrdersOfUser,
    history: orderHistory,
    cancel: cancelOrder,
    setStatus: setOrderStatus,
    listProcesses,
    retryProcess,
    skipStep,
    compensate: compensateProcess,
    rebuildProjection,
    figures: orderFigures,
    recipients: orderRecipients,
    recordRefunds,
    visible: orderVisible,
    process: getProcess,
    inspect: inspectOrder,
    inspectProcesses,
  }),
  created(this: OrdersService) {
    Object.assign(this, {
      checks: coalesce((requests) => checkSet(this, requests), { max: PLACED_TOGETHER }),
      placements: coalesce((verdicts) => placeSet(this, verdicts), { max: PLACED_TOGETHER }),
      nextNumber: numberSource(this.database),
    } satisfies Partial<OrdersService>);
  },
});
