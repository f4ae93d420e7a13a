import type { Texts } from "./texts.ts";

export const de: Texts = {
  greeting: "Guten Tag{{#customerName}} {{customerName}}{{/customerName}},",
  total: "Gesamt",
  unsubscribe: "Keine E-Mails mehr zu Ihren Bestellungen",
  messages: {
    ORDER_PLACED: {
      subject: "Ihre Bestellung {{number}} ist eingegangen",
      paragraphs: ["vielen Dank für Ihre Bestellung {{number}}. Wir sagen Ihnen Bescheid, sobald sie bestätigt ist."],
      lists: true,
      short: "Ihre Bestellung {{number}} ({{total}}) ist eingegangen.",
    },
    ORDER_CONFIRMED: {
      subject: "Ihre Bestellung {{number}} ist bestätigt",
      paragraphs: ["Ihre Bestellung {{number}} ist bestätigt und wird jetzt gepackt."],
      lists: true,
      short: "Ihre Bestellung {{number}} ist bestätigt.",
    },
    ORDER_SHIPPED: {
      subject: "Ihre Bestellung {{number}} ist unterwegs",
      paragraphs: [
        "Ihre Bestellung {{number}} hat unser Lager verlassen.",
        "{{#trackingNumber}}Die Sendungsnummer{{#carrier}} bei {{carrier}}{{/carrier}} ist {{trackingNumber}}.{{/trackingNumber}}",
      ],
      short:
        "Ihre Bestellung {{number}} ist unterwegs{{#trackingNumber}}. Sendungsnummer: {{trackingNumber}}{{/trackingNumber}}",
    },
    ORDER_DELIVERED: {
      subject: "Ihre Bestellung {{number}} wurde zugestellt",
      paragraphs: ["Ihre Bestellung {{number}} wurde zugestellt. Wir wünschen Ihnen viel Freude damit."],
      short: "Ihre Bestellung {{number}} wurde zugestellt.",
    },
    ORDER_CANCELLED: {
      subject: "Ihre Bestellung {{number}} wurde storniert",
      paragraphs: [
        "Ihre Bestellung {{number}} wurde storniert{{#reason}}: {{reason}}{{/reason}}.",
        "Ihnen wird nichts berechnet. Ein vorgemerkter Betrag wird in einigen Tagen wieder frei.",
      ],
      short: "Ihre Bestellung {{number}} wurde storniert{{#reason}}: {{reason}}{{/reason}}.",
    },
    PAYMENT_DECLINED: {
      subject: "Die Zahlung Ihrer Bestellung {{number}} wurde abgelehnt",
      paragraphs: [
        "Ihre Bank hat die Zahlung von {{total}} abgelehnt. Die Bestellung {{number}} wurde deshalb storniert, Ihnen wird nichts berechnet.",
        "Sie können gern mit einem anderen Zahlungsmittel noch einmal bestellen.",
      ],
      short: "Die Zahlung Ihrer Bestellung {{number}} wurde abgelehnt, die Bestellung ist storniert.",
    },
    ORDER_REFUNDED: {
      subject: "Erstattung zu Ihrer Bestellung {{number}}",
      paragraphs: [
        "wir haben Ihnen zu Ihrer Bestellung {{number}} {{refund}} erstattet. Bis Sie den Betrag auf Ihrem Konto sehen, kann es einige Tage dauern.",
        "Insgesamt wurden damit {{refunded}} von {{total}} erstattet.",
      ],
      short: "Zu Ihrer Bestellung {{number}} wurden Ihnen {{refund}} erstattet.",
    },
  },
  reasons: {
    OUT_OF_STOCK: "ein bestellter Artikel ist nicht mehr verfügbar",
    TIMED_OUT: "sie konnte nicht rechtzeitig bestätigt werden",
    CUSTOMER_REQUEST: "auf Ihren Wunsch",
    OPERATOR: "durch den Händler",
  },
};
