import type { Instant } from "../../platform/clock.ts";
import type { MediumName, MessageType } from "./contract.ts";

/** The events that customers are told of, and as what. */
export const MESSAGES = {
  "orders.placed.v1": "ORDER_PLACED",
  "orders.confirmed.v1": "ORDER_CONFIRMED",
  "orders.shipped.v1": "ORDER_SHIPPED",
  "orders.delivered.v1": "ORDER_DELIVERED",
  "orders.cancelled.v1": "ORDER_CANCELLED",
  "orders.refunded.v1": "ORDER_REFUNDED",
} as const satisfies Record<string, MessageType>;

export type ToldEvent = keyof typeof MESSAGES;

/** What an event is told as. That a payment was declined is what the buyer wants to know of such a cancellation. */
export function messageTypeOf(type: ToldEvent, data: { readonly code?: string }): MessageType {
  if (type === "orders.cancelled.v1" && data.code === "PAYMENT_DECLINED") return "PAYMENT_DECLINED";
  return MESSAGES[type];
}

/** A message as it is kept, once an event and medium: without a word of whom it is for and what it says. */
export interface RecordedMessage {
  /** The same at every attempt: what a medium knows a repetition by. */
  readonly id: string;
  readonly tenant: string;
  readonly orderId: string;
  readonly eventId: string;
  /** The event's place in the order's stream: messages of an order go in this order. */
  readonly version: number;
  readonly type: MessageType;
  readonly medium: MediumName;
  /** How often a medium has failed to take it. */
  readonly attempts: number;
}

/** An address as mail has it. */
export interface Mailbox {
  readonly name?: string;
  readonly address: string;
}

/** A message as it is handed over: for whom, and what it says. All of it is personal and kept nowhere but sealed. */
export interface OutgoingMessage {
  readonly id: string;
  readonly tenant: string;
  /** An email address, a telephone number, or the customer's id, by which a push provider knows their devices. */
  readonly to: Mailbox;
  /** Mail alone has them. The sender's name and address, as far as the tenant has its own. */
  readonly sender?: Partial<Mailbox>;
  readonly replyTo?: string;
  readonly subject?: string;
  readonly text: string;
  readonly html?: string;
  /** Where one POST ends mail like this (RFC 8058). */
  readonly unsubscribeUrl?: string;
}

/** What has become of a message that was handed over. Reasons are codes: what a provider says may name the recipient. */
export type Outcome =
  | { readonly kind: "delivered" }
  /** Not now. `broken` says that it is the medium that fails, and not this message. */
  | { readonly kind: "retry"; readonly reason: string; readonly broken: boolean; readonly afterMs?: number }
  /** Never: there is no such recipient, or the message itself is refused. */
  | { readonly kind: "refused"; readonly reason: string };

/** What is written down of a message, or of another thing that is sent, once it was tried or need not be. */
export interface Settlement<M = RecordedMessage> {
  readonly message: M;
  readonly state: "PENDING" | "SENT" | "SKIPPED" | "DEAD";
  readonly attempts: number;
  readonly reason?: string;
  /** Of what is PENDING: when it is tried again. */
  readonly dueAt?: Instant;
}
