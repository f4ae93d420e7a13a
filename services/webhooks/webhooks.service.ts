import { database } from "../../mixins/database.ts";
import { deadLetters } from "../../mixins/dead-letters.ts";
import { eventLog } from "../../mixins/event-log.ts";
import { health } from "../../mixins/health.ts";
import { sealing } from "../../mixins/sealing.ts";
import { subscriptions } from "../../mixins/subscriptions.ts";
import { configOf } from "../../platform/config.ts";
import { actionsOf, defineSchema } from "../../platform/service.ts";
import { Timer } from "../../platform/timer.ts";
import { createWebhook } from "./actions/create-webhook.ts";
import { getDelivery } from "./actions/get-delivery.ts";
import { getWebhook } from "./actions/get-webhook.ts";
import { listDeliveries } from "./actions/list-deliveries.ts";
import { listWebhooks } from "./actions/list-webhooks.ts";
import { removeWebhook } from "./actions/remove-webhook.ts";
import { replayDeliveries } from "./actions/replay-deliveries.ts";
import { replayDelivery } from "./actions/replay-delivery.ts";
import { rotateSecret } from "./actions/rotate-secret.ts";
import { testWebhook } from "./actions/test-webhook.ts";
import { updateWebhook } from "./actions/update-webhook.ts";
import { contract } from "./contract.ts";
import { Caller } from "./sending/caller.ts";
import { Dispatcher } from "./sending/dispatcher.ts";
import { scheduleOf } from "./sending/schedule.ts";
import { webhookFigures } from "./shared/figures.ts";
import type { WebhooksService } from "./shared/webhooks-service.ts";
import { onOrderMoved } from "./subscriptions/on-order-moved.ts";
import { removeOld } from "./timers/remove-old.ts";

export default defineSchema<WebhooksService>({
  name: "webhooks",
  // Outermost first: hooks named `created` and `started` run from the last mixin to the first, `stopped` the other way.
  mixins: [
    subscriptions("webhooks", [{ channel: "orders", lingerMs: 200, handlers: [onOrderMoved] }]),
    deadLetters("webhooks"),
    health("webhooks", webhookFigures),
    eventLog("webhooks"),
    sealing("webhooks"),
    database("webhooks"),
  ],
  actions: actionsOf<typeof contract, WebhooksService>(contract, {
    create: createWebhook,
    list: listWebhooks,
    get: getWebhook,
    update: updateWebhook,
    remove: removeWebhook,
    rotateSecret,
    test: testWebhook,
    listDeliveries,
    getDelivery,
    replayDelivery,
    replay: replayDeliveries,
  }),
  created(this: WebhooksService) {
    const { logger } = this;
    const { webhooks, pollMs: everyMs } = configOf(this.broker);
    const dispatcher = new Dispatcher(this, scheduleOf(webhooks.firstRetryMs));
    Object.assign(this, {
      ...{ insecureHosts: webhooks.insecureHosts, caller: new Caller(webhooks.insecureHosts) },
      ...{ dispatcher, tests: new Map() },
      sending: new Timer({ name: "webhooks", everyMs, run: () => dispatcher.dispatch(), logger }),
      expiry: new Timer({ name: "old webhooks", everyMs: 60_000, run: () => removeOld(this), logger }),
    });
  },
  async started(this: WebhooksService) {
    this.sending.start();
    this.expiry.start();
  },
  async stopped(this: WebhooksService) {
    await Promise.all([this.sending.stop(), this.expiry.stop()]);
    await this.dispatcher.stop();
  },
});
