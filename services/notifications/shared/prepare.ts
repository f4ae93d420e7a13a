import { after } from "../../../platform/clock.ts";
import { newId } from "../../../platform/ids.ts";
import type { MediumName } from "../contract.ts";
import type { OutgoingMessage, RecordedMessage, Settlement } from "../message.ts";
import { recordMessages, settleMessages } from "../message-repository.ts";
import type { TemplateView } from "../template.ts";
import { reasonIn } from "../templates/defaults.ts";
import type { InHand } from "../unsent.ts";
import { formatMoney } from "./format.ts";
import { CLAIM_MS, type PreparedMessage } from "./lane.ts";
import type { NotificationsService } from "./notifications-service.ts";
import { type Recipient, recipientsOf } from "./recipients.ts";
import { render } from "./render.ts";
import { addressIndexes, unsubscribeToken } from "./unsubscribe-token.ts";
import type { Wanted } from "./wanted.ts";

const BESIDE_MAIL: readonly MediumName[] = ["sms", "push"];

/**
 * Makes messages of what was recorded, for whoever the order says, as they want it and their tenant says it, and gives each to
 * its medium's lane. What is not wanted, or has nowhere to go, is settled. That the customer wants to be told by other media
 * too is recorded beside the mail before that leaves. */
export async function prepareMessages(service: NotificationsService, held: readonly InHand[]): Promise<void> {
  if (held.length === 0) return;
  const { database, clock, lanes } = service;
  const messages = held.map(({ message }) => message);
  const { recipients, wanted } = await recipientsOf(service, messages);
  const more = messages.flatMap((message) => besideMail(service, message, recipients.get(message.orderId), wanted));
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

/** By which media beside mail somebody wants to be told of the same. */
function besideMail(
  { lanes }: NotificationsService,
  message: RecordedMessage,
  recipient: Recipient | undefined,
  wanted: Wanted,
): RecordedMessage[] {
  if (!recipient || message.medium !== "email" || message.attempts > 0) return [];
  const { tenant, type } = message;
  return BESIDE_MAIL.filter(
    (medium) => lanes.has(medium) && wanted.isWanted(tenant, recipient.customerId, type, medium),
  ).map((medium) => ({ ...message, id: newId(), medium }));
}

/** The message as it is handed over, or why it is not. */
function outgoingOf(
  { lanes, sealing, publicUrl }: NotificationsService,
  message: RecordedMessage,
  recipient: Recipient | undefined,
  wanted: Wanted,
): OutgoingMessage | string {
  const { id, tenant, orderId, type, medium } = message;
  if (!lanes.has(medium)) return "MEDIUM_OFF";
  const address = recipient?.tenant === tenant ? addressOf(recipient, medium) : undefined;
  if (!recipient || address === undefined) return "NO_ADDRESS";
  const { customerId, name } = recipient;
  if (!wanted.isWanted(tenant, customerId, type, medium)) return "NOT_WANTED";
  const isMail = medium === "email";
  if (isMail && wanted.isSuppressed(tenant, addressIndexes(sealing, tenant, address))) return "UNSUBSCRIBED";
  const { template, language } = wanted.templateFor(tenant, type, medium, recipient.language);
  const { senderName, senderAddress, replyTo } = wanted.settingsOf(tenant);
  const who = { tenant, email: address, ...(customerId && { customer: customerId }) };
  const unsubscribeUrl = isMail
    ? `${publicUrl}/api/v1/notifications/unsubscribe?token=${unsubscribeToken(sealing, who)}`
    : undefined;
  const view = viewOf(recipient, { shop: senderName ?? tenant, language, unsubscribeUrl });
  return {
    ...{ id, tenant, orderId, type },
    to: { address, ...(name !== undefined && { name }) },
    ...(isMail && {
      sender: {
        ...(senderName !== null && { name: senderName }),
        ...(senderAddress !== null && { address: senderAddress }),
      },
      ...(replyTo !== null && { replyTo }),
      unsubscribeUrl: unsubscribeUrl as string,
    }),
    ...render(template, view),
  };
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

/** What a template can say of an order. */
export function viewOf(
  order: Recipient,
  { shop, language, unsubscribeUrl }: { shop: string; language: string; unsubscribeUrl: string | undefined },
): TemplateView {
  const { number, name, currency, total, items, carrier, trackingNumber, cancellationCode } = order;
  const inWords = (amount: number) => formatMoney(amount, currency, language);
  const reason = cancellationCode === undefined ? undefined : reasonIn(language, cancellationCode);
  return {
    ...{ shop, number, total: inWords(total) },
    ...(name !== undefined && { customerName: name }),
    items: items.map((item) => ({ ...item, quantity: String(item.quantity), total: inWords(item.total) })),
    ...(carrier !== undefined && { carrier }),
    ...(trackingNumber !== undefined && { trackingNumber }),
    ...(reason !== undefined && { reason }),
    ...(unsubscribeUrl !== undefined && { unsubscribeUrl }),
  };
}
