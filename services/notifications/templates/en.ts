import type { Texts } from "./texts.ts";

export const en: Texts = {
  greeting: "Hello{{#customerName}} {{customerName}}{{/customerName}},",
  total: "Total",
  unsubscribe: "No more mail about your orders",
  messages: {
    ORDER_PLACED: {
      subject: "We have received your order {{number}}",
      paragraphs: ["Thank you for your order {{number}}. We will tell you when it is confirmed."],
      lists: true,
      short: "We have received your order {{number}} ({{total}}).",
    },
    ORDER_CONFIRMED: {
      subject: "Your order {{number}} is confirmed",
      paragraphs: ["Your order {{number}} is confirmed, and we are packing it."],
      lists: true,
      short: "Your order {{number}} is confirmed.",
    },
    ORDER_SHIPPED: {
      subject: "Your order {{number}} is on its way",
      paragraphs: [
        "Your order {{number}} has left our warehouse.",
        "{{#trackingNumber}}You can follow it{{#carrier}} at {{carrier}}{{/carrier}} by the number {{trackingNumber}}.{{/trackingNumber}}",
      ],
      short:
        "Your order {{number}} is on its way{{#trackingNumber}}. Tracking number: {{trackingNumber}}{{/trackingNumber}}",
    },
    ORDER_DELIVERED: {
      subject: "Your order {{number}} was delivered",
      paragraphs: ["Your order {{number}} was delivered. We hope that you like it."],
      short: "Your order {{number}} was delivered.",
    },
    ORDER_CANCELLED: {
      subject: "Your order {{number}} was cancelled",
      paragraphs: [
        "Your order {{number}} was cancelled{{#reason}}: {{reason}}{{/reason}}.",
        "You are not charged for it. Money that your bank has set aside becomes free again within some days.",
      ],
      short: "Your order {{number}} was cancelled{{#reason}}: {{reason}}{{/reason}}.",
    },
    PAYMENT_DECLINED: {
      subject: "The payment of your order {{number}} was declined",
      paragraphs: [
        "Your bank has declined the payment of {{total}}, so your order {{number}} was cancelled. You are not charged for it.",
        "You are welcome to order again with another means of payment.",
      ],
      short: "The payment of your order {{number}} was declined, and the order cancelled.",
    },
    ORDER_REFUNDED: {
      subject: "A refund for your order {{number}}",
      paragraphs: [
        "We have refunded {{refund}} for your order {{number}}. It may take some days until you see it on your account.",
        "With it, {{refunded}} of {{total}} have been refunded in all.",
      ],
      short: "We have refunded {{refund}} for your order {{number}}.",
    },
  },
  reasons: {
    OUT_OF_STOCK: "something that you ordered is not available any more",
    TIMED_OUT: "it could not be confirmed in time",
    CUSTOMER_REQUEST: "as you asked",
    OPERATOR: "by the shop",
  },
};
