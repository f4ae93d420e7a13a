import { after, type Instant } from "../../../platform/clock.ts";
import type { Database } from "../../../platform/database.ts";
import { isUnavailable } from "../../../platform/errors.ts";
import { newId } from "../../../platform/ids.ts";
import type { MediumName } from "../contract.ts";
import type { OutgoingMessage, RecordedMessage, Settlement } from "../message.ts";
import { recordMessages, settleMessages, waitingMessages } from "../message-repository.ts";
import { settlementOf } from "../retry.ts";
import { senderOf } from "../settings.ts";
import type { InHand } from "../unsent.ts";
import { CLAIM_MS, type PreparedMessage } from "./lane.ts";
import type { NotificationsService } from "./notifications-service.ts";
import { type Recipient, recipientsOf } from "./recipients.ts";
import { render } from "./render.ts";
import { addressIndexes, unsubscribeToken } from "./unsubscribe-token.ts";
import { type Refund, viewOf } from "./view.ts";
import type { Wanted } from "./wanted.ts";

const BESIDE_MAIL: readonly MediumName[] = ["sms", "push"];

/**
 * Makes messages of what was recorded, and gives each to its medium's lane. A set that fails is halved until the one that
 * cannot be made stands alone, which is tried again like one that was not taken. Rejects when it is another domain, or the
 * database, that is away, and keeps what it was given for the next time.
 */
export async function prepareMessages(service: NotificationsService, held: readonly InHand[]): Promise<void> {
  const [first] = held;
  if (!first) return;
  try {
    await prepareSet(service, held);
  } catch (error) {
    if (isUnavailable(error)) {
      service.unsent.putBack(held);
      throw error;
    }
    if (held.length === 1) return notMade(service, first.message, error);
    const middle = held.length >> 1;
    await prepareMessages(service, held.slice(0, middle));
    await prepareMessages(service, held.slice(middle));
  }
}

async function notMade({ database, clock, logger }: NotificationsService, message: RecordedMessage, err: unknown) {
  const { id, tenant, type, medium } = message;
  logger.error({ err, messageId: id, tenant, type, medium }, "a message could not be made and is tried again");
  const now = clock.now();
  const outcome = { kind: "retry", reason: "NOT_MADE", broken: false } as const;
  await settleMessages(database, [settlementOf(message, outcome, now, Math.random())], now);
}

/**
 * Makes a set of messages, for whoever the orders say, as they want it and their tenants say it. What is not wanted, or has
 * nowhere to go, is settled. That customers want to be told by other media too is recorded before the mail leaves.
 */
async function prepareSet(service: NotificationsService, held: readonly InHand[]): Promise<void> {
  const { database, clock, lanes } = service;
  const messages = held.map(({ message }) => message);
  const { recipients, wanted } = await recipientsOf(service, messages);
  const besideMail = (all: readonly RecordedMessage[]) =>
    all.flatMap((message) => messagesBesideMail(service, message, recipients.get(message.orderId), wanted));
  const more = besideMail(messages);
  if (more.length > 0) await recordEarlier(database, clock.now(), messages, besideMail);
  const now = clock.now();
  const until = after(now, CLAIM_MS);
  const added = more.length === 0 ? [] : await recordMessages(database.acrossTenants, more, now, until);
  const skipped: Settlement[] = [];
  const prepared = new Map([...lanes.keys()].map((name): [MediumName, PreparedMessage[]] => [name, []]));
  for (const one of [...held, ...added.map((message) => ({ message, until }))]) {
    const { message } = one;
    const outgoing = outgoingOf(service, message, recipients.get(message.orderId), wanted);
    if (typeof outgoing === "string")
      skipped.push({ message, state: "SKIPPED", attempts: message.attempts, reason: outgoing });
    else prepared.get(message.medium)?.push({ ...one, outgoing });
  }
  await settleMessages(database, skipped, now);
  for (const [name, ready] of prepared) if (ready.length > 0) lanes.get(name)?.add(ready);
}

/**
 * Records what else an earlier mail of the same order asks for, which is with another node that has not come to it: without
 * its row the later message would not know that there is one to wait for. Whoever finds it sends it.
 */
async function recordEarlier(
  database: Database,
  now: Instant,
  messages: readonly RecordedMessage[],
  besideMail: (messages: readonly RecordedMessage[]) => RecordedMessage[],
): Promise<void> {
  const held = new Set(messages.map(({ eventId }) => eventId));
  const later = messages.filter(({ medium, version }) => medium === "email" && version !== 1);
  const waiting = later.length === 0 ? [] : await waitingMessages(database, later);
  const missing = besideMail(waiting.filter(({ eventId }) => !held.has(eventId)));
  if (missing.length > 0) await recordMessages(database.acrossTenants, missing, now, now);
}

/** By which media beside mail somebody wants to be told of the same. */
function messagesBesideMail(
  { lanes }: NotificationsService,
  message: RecordedMessage,
  recipient: Recipient | undefined,
  wanted: Wanted,
): RecordedMessage[] {
  if (!recipient || message.medium !== "email") return [];
  const { tenant, type } = message;
  return BESIDE_MAIL.filter(
    (medium) => lanes.has(medium) && wanted.isWanted(tenant, recipient.customerId, type, medium),
  ).map((medium) => ({ ...message, id: newId(), medium, attempts: 0 }));
}

/** The message as it is handed over, or why it is not. */
function outgoingOf(
  { lanes, sealing, publicUrl }: NotificationsService,
  message: RecordedMessage,
  recipient: Recipient | undefined,
  wanted: Wanted,
): OutgoingMessage | string {
  const { id, tenant, type, medium } = message;
  if (!lanes.has(medium)) return "MEDIUM_OFF";
  const address = recipient?.tenant === tenant ? addressOf(recipient, medium) : undefined;
  if (!recipient || address === undefined) return "NO_ADDRESS";
  const { customerId, name } = recipient;
  if (!wanted.isWanted(tenant, customerId, type, medium)) return "NOT_WANTED";
  const isMail = medium === "email";
  if (isMail && wanted.isSuppressed(tenant, () => addressIndexes(sealing, tenant, address))) return "UNSUBSCRIBED";
  const { template, language } = wanted.templateFor(tenant, type, medium, recipient.language);
  const settings = wanted.settingsOf(tenant);
  const who = { tenant, email: address, ...(customerId && { customer: customerId }) };
  const unsubscribeUrl = isMail
    ? `${publicUrl}/api/v1/notifications/unsubscribe?token=${unsubscribeToken(sealing, who)}`
    : undefined;
  const view = viewOf(
    { ...recipient, refund: refundOf(message, recipient) },
    { shop: settings.senderName ?? tenant, language, unsubscribeUrl },
  );
  return {
    ...{ id, tenant },
    to: { address, ...(name !== undefined && { name }) },
    ...(isMail && { ...senderOf(settings), unsubscribeUrl: unsubscribeUrl as string }),
    ...render(template, view),
  };
}

/** The refund that a message is about, if it is about one. Throws when the order does not say how much it was. */
function refundOf({ type, eventId }: RecordedMessage, { refunds = [] }: Recipient): Refund | undefined {
  const refund = refunds.find((one) => one.eventId === eventId);
  if (type === "ORDER_REFUNDED" && !refund) throw new Error("the order does not know of the refund");
  return refund;
}

/** Where a medium finds somebody; push providers know people's devices by the id of the customer. */
function addressOf({ email, phone, customerId }: Recipient, medium: MediumName): string | undefined {
  switch (medium) {
    case "email":
      return email;
    case "sms":
      return phone;
    case "push":
      return customerId;
    default:
      return medium satisfies never;
  }
}
