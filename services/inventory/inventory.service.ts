import { database } from "../../mixins/database.ts";
import { deadLetters } from "../../mixins/dead-letters.ts";
import { eventLog } from "../../mixins/event-log.ts";
import { health } from "../../mixins/health.ts";
import { subscriptions } from "../../mixins/subscriptions.ts";
import { configOf } from "../../platform/config.ts";
import { actionsOf, type DomainService, defineSchema } from "../../platform/service.ts";
import { Timer } from "../../platform/timer.ts";
import { adjustStock } from "./actions/adjust-stock.ts";
import { availability } from "./actions/availability.ts";
import { checkAvailability } from "./actions/check-availability.ts";
import { getStock } from "./actions/get-stock.ts";
import { inspectStock } from "./actions/inspect-stock.ts";
import { isVisible } from "./actions/is-visible.ts";
import { listStockTransactions } from "./actions/list-stock-transactions.ts";
import { release } from "./actions/release.ts";
import { releaseDirectly } from "./actions/release-directly.ts";
import { reserve } from "./actions/reserve.ts";
import { reserveDirectly } from "./actions/reserve-directly.ts";
import { setStock } from "./actions/set-stock.ts";
import { contract } from "./contract.ts";
import { onShipmentShipped } from "./subscriptions/on-shipment-shipped.ts";
import { releaseExpired } from "./timers/release-expired.ts";

interface InventoryService extends DomainService {
  expiry: Timer;
}

export default defineSchema<InventoryService>({
  name: "inventory",
  // Outermost first: hooks named `created` and `started` run from the last mixin to the first, `stopped` the other way.
  mixins: [
    subscriptions("inventory", [{ channel: "delivery", lingerMs: 200, handlers: [onShipmentShipped] }]),
    deadLetters("inventory"),
    health("inventory"),
    eventLog("inventory", { lingerMs: 200 }),
    database("inventory"),
  ],
  actions: actionsOf(contract, {
    get: getStock,
    listTransactions: listStockTransactions,
    set: setStock,
    adjust: adjustStock,
    reserveDirectly,
    releaseDirectly,
    checkAvailability,
    availability,
    inspect: inspectStock,
    visible: isVisible,
    reserve,
    release,
  }),
  created() {
    this.expiry = new Timer({
      name: "expired reservations",
      everyMs: configOf(this.broker).pollMs,
      run: () => releaseExpired(this),
      logger: this.logger,
    });
  },
  async started() {
    this.expiry.start();
  },
  async stopped() {
    await this.expiry.stop();
  },
});
