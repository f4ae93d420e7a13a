import { database } from "../../mixins/database.ts";
import { deadLetters } from "../../mixins/dead-letters.ts";
import { health } from "../../mixins/health.ts";
import { sealing } from "../../mixins/sealing.ts";
import { subscriptions } from "../../mixins/subscriptions.ts";
import { configOf } from "../../platform/config.ts";
import { actionsOf, defineSchema } from "../../platform/service.ts";
import { Timer } from "../../platform/timer.ts";
import { getPreferences } from "./actions/get-preferences.ts";
import { getSettings } from "./actions/get-settings.ts";
import { getTemplate } from "./actions/get-template.ts";
import { issueTicket } from "./actions/issue-ticket.ts";
import { listOutbox } from "./actions/list-outbox.ts";
import { listTemplates } from "./actions/list-templates.ts";
import { previewTemplate } from "./actions/preview-template.ts";
import { redeemTicket } from "./actions/redeem-ticket.ts";
import { deadMessage, redriveMessage, redriveMessages } from "./actions/redrive-messages.ts";
import { removeTemplate } from "./actions/remove-template.ts";
import { setPreferences } from "./actions/set-preferences.ts";
import { setSettings } from "./actions/set-settings.ts";
import { setTemplate } from "./actions/set-template.ts";
import { unsubscribe } from "./actions/unsubscribe.ts";
import { contract, MEDIA, type MediumName } from "./contract.ts";
import { mediaOf } from "./media/media.ts";
import { settleMessages } from "./message-repository.ts";
import { messageFigures } from "./shared/figures.ts";
import { Lane } from "./shared/lane.ts";
import type { NotificationsService } from "./shared/notifications-service.ts";
import { onEndpointDisabled } from "./subscriptions/on-endpoint-disabled.ts";
import { onOrderMoved } from "./subscriptions/on-order-moved.ts";
import { prepareRecorded } from "./timers/prepare-recorded.ts";
import { removeExpired } from "./timers/remove-expired.ts";
import { resendMessages } from "./timers/resend-messages.ts";
import { sendNotices } from "./timers/send-notices.ts";
import { Unsent } from "./unsent.ts";

/** How long a stop waits for messages that are with their media, in ms. */
const GRACE_MS = 4_000;

export default defineSchema<NotificationsService>({
  name: "notifications",
  // Outermost first: hooks named `created` and `started` run from the last mixin to the first, `stopped` the other way.
  mixins: [
    subscriptions("notifications", [
      { channel: "orders", lingerMs: 200, handlers: [onOrderMoved] },
      { channel: "webhooks", handlers: [onEndpointDisabled] },
    ]),
    deadLetters("notifications"),
    health("notifications", messageFigures),
    sealing("notifications"),
    database("notifications"),
  ],
  actions: actionsOf<typeof contract, NotificationsService>(contract, {
    issueTicket,
    redeemTicket,
    getPreferences,
    setPreferences,
    unsubscribe,
    getSettings,
    setSettings,
    listTemplates,
    getTemplate,
    setTemplate,
    removeTemplate,
    previewTemplate,
    listOutbox,
    redriveMessage,
    redriveMessages,
    deadMessage,
  }),
  created(this: NotificationsService) {
    const { logger } = this;
    const config = configOf(this.broker);
    const everyMs = config.pollMs;
    const media = mediaOf(config, this);
    Object.assign(this, {
      lanes: new Map(
        [...media].map(([name, medium]): [MediumName, Lane] => [name, new Lane(this, medium, { everyMs, logger })]),
      ),
      unsent: new Unsent(),
      preparing: new Timer({ name: "messages", everyMs, run: () => prepareRecorded(this), logger }),
      resending: new Timer({ name: "messages that are due", everyMs, run: () => resendMessages(this), logger }),
      noticing: new Timer({ name: "notices", everyMs, run: () => sendNotices(this), logger }),
      expiry: new Timer({ name: "expired tickets", everyMs: 60_000, run: () => removeExpired(this), logger }),
      stopping: new AbortController(),
      publicUrl: config.issuer,
    } satisfies Partial<NotificationsService>);
  },
  async started(this: NotificationsService) {
    const media = Object.fromEntries(MEDIA.map((name) => [name, this.lanes.get(name)?.medium.kind ?? "off"]));
    this.logger.info({ media }, "customers are told by");
    for (const timer of timersOf(this)) timer.start();
  },
  async stopped(this: NotificationsService) {
    this.stopping.abort();
    const lanes = [...this.lanes.values()];
    const held = this.unsent.close();
    const stopped = Promise.all(timersOf(this).map((timer) => timer.stop()));
    const close = () => {
      for (const { medium } of lanes) medium.close();
    };
    // A provider that does not answer is not waited for as long as otherwise.
    const grace = setTimeout(close, GRACE_MS);
    await stopped;
    clearTimeout(grace);
    close();
    const prepared = lanes.flatMap((lane) => lane.unsent.close());
    // Another node need not wait until their time here is over.
    const dueAt = this.clock.now();
    const given = [...held, ...prepared].map(({ message }) => ({ message, state: "PENDING" as const, dueAt }));
    await settleMessages(
      this.database,
      given.map((one) => ({ ...one, attempts: one.message.attempts })),
      dueAt,
    ).catch((err: unknown) => this.logger.warn({ err }, "messages are left until their time here is over"));
  },
});

function timersOf({ lanes, preparing, resending, noticing, expiry }: NotificationsService): Timer[] {
  return [preparing, resending, noticing, expiry, ...[...lanes.values()].map(({ sending }) => sending)];
}
