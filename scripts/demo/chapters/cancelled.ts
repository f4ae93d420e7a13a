import { glance, orderOf, showMovements } from "../goods.ts";
import type { Session } from "../session.ts";

/** An order that is cancelled while its parcel is packed: delivery decides, then the money and the stock go back. */
export async function cancelled(session: Session, key: string): Promise<void> {
  session.tell({
    kind: "chapter",
    title: "5. Cancelled in time",
    text: "Ada changes her mind while the parcel is packed. Delivery decides whether it can still be held back.",
  });
  session.step("Place an order, and let it be confirmed");
  const body = orderOf("pm_card_visa");
  const placed = await session.place({ method: "POST", path: "/api/v1/orders", key, body }, ({ number, status }) => ({
    number,
    status,
  }));
  await session.until("orders.processing.v1");
  session.step("Cancel it");
  const call = { method: "POST", path: "/api/v1/orders/$ORDER/cancel", body: { reason: "changed my mind" } } as const;
  const answer = await session.ask(call, { status: [200, 409], show: (body) => (body.code ? body : glance(body)) });
  if (answer.status === 409) {
    session.check("The parcel has left, so the order cannot be cancelled", answer.body.code, "ALREADY_SHIPPED");
    session.tell({ kind: "note", text: "This platform's carrier collects faster than anybody can change their mind." });
    return;
  }
  session.check("The parcel can no longer leave", answer.status, 200);
  await session.until("orders.cancelled.v1");
  session.step("What became of it");
  const { body: order } = await session.ask({ path: "/api/v1/orders/$ORDER" }, { status: 200, show: glance });
  session.check("The order is CANCELLED", order.status, "CANCELLED");
  session.check("It says at whose wish", order.cancellation.code, "CUSTOMER_REQUEST");
  session.check("The money that was held is free again", order.payment.status, "VOIDED");
  session.check("Nothing was taken", order.payment.captured.amount, 0);
  session.step("The stock was given back");
  await showMovements(session, placed.body.id, ["RESERVED", "RELEASED"]);
}
