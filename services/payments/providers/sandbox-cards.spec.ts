import { cardOf } from "./sandbox-cards.ts";

describe("the sandbox's cards", () => {
  test.each(["pm_card_visa", "pm_card_mastercard", "pm_card_amex", "pm_card_visa_debit"])("%s is good", (token) => {
    expect(cardOf(token)).toEqual({ status: "AUTHORISED" });
  });

  test.each([
    ["pm_card_visa_chargeDeclined", "generic_decline"],
    ["pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"],
    ["pm_card_chargeDeclinedExpiredCard", "expired_card"],
    ["pm_card_visa_chargeDeclinedExpiredCard", "expired_card"],
    ["pm_card_visa_chargeDeclinedSomethingElse", "invalid_payment_method"],
    ["pm_card_visa ", "invalid_payment_method"],
    ["tok_visa", "invalid_payment_method"],
    ["", "invalid_payment_method"],
  ])("%s is declined as %s", (token, code) => {
    expect(cardOf(token)).toEqual({ status: "DECLINED", code });
  });

  test("those for tests do what they say", () => {
    expect(cardOf("pm_card_authenticationRequired")).toEqual({ status: "REQUIRES_ACTION" });
    expect(cardOf("pm_waybill_captureFails")).toMatchObject({ status: "AUTHORISED", capturesFail: true });
    expect(cardOf("pm_waybill_timeout")).toMatchObject({ status: "AUTHORISED", timesOut: true });
    expect(cardOf("pm_waybill_unavailable")).toMatchObject({ status: "AUTHORISED", unavailable: true });
  });
});
