import { database } from "../../mixins/database.ts";
import { eventLog } from "../../mixins/event-log.ts";
import { health } from "../../mixins/health.ts";
import { configOf } from "../../platform/config.ts";
import { actionsOf, defineSchema } from "../../platform/service.ts";
import { Timer } from "../../platform/timer.ts";
import { authorise } from "./actions/authorise.ts";
import { capture } from "./actions/capture.ts";
import { listOfOrder } from "./actions/list-of-order.ts";
import { refund } from "./actions/refund.ts";
import { voidPayments } from "./actions/void.ts";
import { contract } from "./contract.ts";
import type { PaymentsService } from "./providers/provider.ts";
import { SandboxProvider } from "./providers/sandbox.ts";
import { refundFigures } from "./shared/figures.ts";
import { tellOrders } from "./timers/tell-orders.ts";

export default defineSchema<PaymentsService>({
  name: "payments",
  mixins: [health("payments", refundFigures), eventLog("payments", { lingerMs: 200 }), database("payments")],
  actions: actionsOf<typeof contract, PaymentsService>(contract, {
    listOfOrder,
    authorise,
    capture,
    void: voidPayments,
    refund,
  }),
  created(this: PaymentsService) {
    const { database, clock, logger } = this;
    const everyMs = configOf(this.broker).pollMs;
    Object.assign(this, {
      provider: new SandboxProvider({ database, clock }),
      telling: new Timer({ name: "refunds to be told of", everyMs, run: () => tellOrders(this), logger }),
    } satisfies Partial<PaymentsService>);
  },
  async started(this: PaymentsService) {
    this.telling.start();
  },
  async stopped(this: PaymentsService) {
    await this.telling.stop();
  },
});
