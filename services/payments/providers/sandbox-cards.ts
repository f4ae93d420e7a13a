/** How the sandbox bank treats a card. */
export interface Card {
  readonly status: "AUTHORISED" | "DECLINED" | "REQUIRES_ACTION";
  readonly code?: string;
  /** It authorises, and refuses every capture. */
  readonly capturesFail?: true;
  /** The call gets no answer though the bank has authorised; it says so later. */
  readonly timesOut?: true;
  /** The first calls fail without a trace. */
  readonly unavailable?: true;
}

const GOOD = /^pm_card_(visa(_debit)?|mastercard(_(debit|prepaid))?|amex|discover|diners|jcb|unionpay|us)$/;
const DECLINED = /^pm_card_(?:visa_|mastercard_|amex_|discover_|diners_|jcb_|unionpay_)?chargeDeclined([A-Za-z]*)$/;

const DECLINE_CODES: ReadonlyMap<string, string> = new Map([
  ["", "generic_decline"],
  ["InsufficientFunds", "insufficient_funds"],
  ["LostCard", "lost_card"],
  ["StolenCard", "stolen_card"],
  ["ExpiredCard", "expired_card"],
  ["IncorrectCvc", "incorrect_cvc"],
  ["ProcessingError", "processing_error"],
  ["VelocityLimitExceeded", "card_velocity_exceeded"],
  ["Fraudulent", "fraudulent"],
]);

const SPECIAL: ReadonlyMap<string, Card> = new Map<string, Card>([
  ["pm_card_authenticationRequired", { status: "REQUIRES_ACTION" }],
  ["pm_waybill_captureFails", { status: "AUTHORISED", capturesFail: true }],
  ["pm_waybill_timeout", { status: "AUTHORISED", timesOut: true }],
  ["pm_waybill_unavailable", { status: "AUTHORISED", unavailable: true }],
]);

/** The card behind a token. They are named as Stripe's test payment methods; one that is not known is declined. */
export function cardOf(token: string): Card {
  if (GOOD.test(token)) return { status: "AUTHORISED" };
  const declined = DECLINED.exec(token);
  const code = declined && DECLINE_CODES.get(declined[1] as string);
  if (code) return { status: "DECLINED", code };
  return SPECIAL.get(token) ?? { status: "DECLINED", code: "invalid_payment_method" };
}
