import { glance, orderOf, showMovements, showStock } from "../goods.ts";
import type { Session } from "../session.ts";

/** A card that the bank declines: the order ends CANCELLED, and everything is as before. */
export async function declinedPayment(session: Session, key: string): Promise<void> {
  session.tell({
    kind: "chapter",
    title: "2. A declined payment",
    text: "The same order with a card that the bank declines. The sandbox bank knows the test cards' names of Stripe.",
  });
  session.step("Place it");
  const before = session.platform.own ? await session.quietly("/api/v1/inventory/SKU-COFFEE-1KG") : undefined;
  const body = orderOf("pm_card_visa_chargeDeclined");
  const placed = await session.place({ method: "POST", path: "/api/v1/orders", key, body }, ({ number, status }) => ({
    number,
    status,
  }));
  await session.until("orders.cancelled.v1");
  session.step("What became of it");
  const { body: order } = await session.ask({ path: "/api/v1/orders/$ORDER" }, { status: 200, show: glance });
  session.check("The order is CANCELLED", order.status, "CANCELLED");
  session.check("It says why", order.cancellation.code, "PAYMENT_DECLINED");
  session.check(
    "Nothing was authorised and nothing taken",
    [order.payment.authorised.amount, order.payment.captured.amount],
    [0, 0],
  );
  session.step("The payment's entries");
  const payments = await session.ask(
    { path: "/api/v1/orders/$ORDER/payments" },
    {
      status: 200,
      show: ({ items }) =>
        items.map(({ status, declineCode, entries }: Record<string, unknown>) => ({ status, declineCode, entries })),
    },
  );
  session.check("There is none: no money has moved", payments.body.items[0].entries, []);
  session.step("The stock was given back");
  await showMovements(session, placed.body.id, ["RESERVED", "RELEASED"]);
  const after = await showStock(session);
  if (before) {
    const { onHand, reserved, available } = before;
    session.check("The stock is what it was", after, { onHand, reserved, available });
  }
}
