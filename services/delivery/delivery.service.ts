import { database } from "../../mixins/database.ts";
import { deadLetters } from "../../mixins/dead-letters.ts";
import { eventLog } from "../../mixins/event-log.ts";
import { health } from "../../mixins/health.ts";
import { subscriptions } from "../../mixins/subscriptions.ts";
import { configOf } from "../../platform/config.ts";
import { actionsOf, defineSchema } from "../../platform/service.ts";
import { Timer } from "../../platform/timer.ts";
import { cancelShipments } from "./actions/cancel-shipments.ts";
import { getShipment } from "./actions/get-shipment.ts";
import { getShipmentOfOrder } from "./actions/get-shipment-of-order.ts";
import { isVisible } from "./actions/is-visible.ts";
import { listShipments } from "./actions/list-shipments.ts";
import { setShipmentStatus } from "./actions/set-shipment-status.ts";
import type { DeliveryService } from "./carriers/carrier.ts";
import { SandboxCarrier } from "./carriers/sandbox.ts";
import { contract } from "./contract.ts";
import { onOrderConfirmed } from "./subscriptions/on-order-confirmed.ts";
import { recordReports } from "./timers/record-reports.ts";

export default defineSchema<DeliveryService>({
  name: "delivery",
  // Outermost first: hooks named `created` and `started` run from the last mixin to the first, `stopped` the other way.
  mixins: [
    subscriptions("delivery", [{ channel: "orders", handlers: [onOrderConfirmed] }]),
    deadLetters("delivery"),
    health("delivery"),
    eventLog("delivery"),
    database("delivery"),
  ],
  actions: actionsOf<typeof contract, DeliveryService>(contract, {
    getOfOrder: getShipmentOfOrder,
    list: listShipments,
    get: getShipment,
    setStatus: setShipmentStatus,
    move: setShipmentStatus,
    visible: isVisible,
    cancel: cancelShipments,
  }),
  created(this: DeliveryService) {
    const { carrier, pollMs } = configOf(this.broker);
    const reports = new Timer({
      name: "the carrier's reports",
      everyMs: pollMs,
      run: () => recordReports(this),
      logger: this.logger,
    });
    Object.assign(this, { carrier: new SandboxCarrier(carrier), reports });
  },
  async started(this: DeliveryService) {
    if (!configOf(this.broker).carrier.manual) this.reports.start();
  },
  async stopped(this: DeliveryService) {
    await this.reports.stop();
  },
});
