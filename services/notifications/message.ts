/** What customers are told of their orders, by the event that it is about. */
export const MESSAGES = {
  "orders.placed.v1": "ORDER_PLACED",
  "orders.confirmed.v1": "ORDER_CONFIRMED",
  "orders.shipped.v1": "ORDER_SHIPPED",
  "orders.delivered.v1": "ORDER_DELIVERED",
  "orders.cancelled.v1": "ORDER_CANCELLED",
} as const;

export type ToldEvent = keyof typeof MESSAGES;
export type MessageType = (typeof MESSAGES)[ToldEvent];

/** A message to the customer of an order. `id` is the same at every attempt. */
export interface Message {
  readonly id: string;
  readonly tenant: string;
  readonly orderId: string;
  readonly type: MessageType;
}

/** A message as it is kept, once an event and medium. */
export interface RecordedMessage extends Message {
  readonly eventId: string;
}
