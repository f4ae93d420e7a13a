import { database } from "../../mixins/database.ts";
import { deadLetters } from "../../mixins/dead-letters.ts";
import { health } from "../../mixins/health.ts";
import { subscriptions } from "../../mixins/subscriptions.ts";
import { configOf } from "../../platform/config.ts";
import { actionsOf, defineSchema } from "../../platform/service.ts";
import { Timer } from "../../platform/timer.ts";
import { issueTicket } from "./actions/issue-ticket.ts";
import { redeemTicket } from "./actions/redeem-ticket.ts";
import { contract } from "./contract.ts";
import type { NotificationsService } from "./media/medium.ts";
import { SandboxMedium } from "./media/sandbox.ts";
import { onOrderMoved } from "./subscriptions/on-order-moved.ts";
import { removeExpired } from "./timers/remove-expired.ts";
import { resendMessages } from "./timers/resend-messages.ts";
import { sendMessages } from "./timers/send-messages.ts";
import { Unsent } from "./unsent.ts";

export default defineSchema<NotificationsService>({
  name: "notifications",
  // Outermost first: hooks named `created` and `started` run from the last mixin to the first, `stopped` the other way.
  mixins: [
    subscriptions("notifications", [{ channel: "orders", handlers: [onOrderMoved] }]),
    deadLetters("notifications"),
    health("notifications"),
    database("notifications"),
  ],
  actions: actionsOf(contract, { issueTicket, redeemTicket }),
  created(this: NotificationsService) {
    const { logger } = this;
    const everyMs = configOf(this.broker).pollMs;
    Object.assign(this, {
      medium: new SandboxMedium(this.database, this.clock),
      unsent: new Unsent(),
      sending: new Timer({ name: "messages", everyMs, run: () => sendMessages(this), logger }),
      resending: new Timer({ name: "messages left behind", everyMs, run: () => resendMessages(this), logger }),
      expiry: new Timer({ name: "expired tickets", everyMs: 60_000, run: () => removeExpired(this), logger }),
    });
  },
  async started(this: NotificationsService) {
    this.sending.start();
    this.resending.start();
    this.expiry.start();
  },
  async stopped(this: NotificationsService) {
    this.unsent.close();
    await Promise.all([this.sending.stop(), this.resending.stop(), this.expiry.stop()]);
    // What the medium does not take now, another node sends once its time here is over.
    while (!this.unsent.isEmpty) {
      const failed = await sendMessages(this).then(
        () => false,
        () => true,
      );
      if (failed) break;
    }
  },
});
