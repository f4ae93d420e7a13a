import { orderOf } from "../goods.ts";
import type { Session } from "../session.ts";
import type { FirstOrder } from "./first-order.ts";

/** The same request again, as after a lost answer; and another request under the same key. */
export async function repeatedKey(session: Session, { key, text }: FirstOrder): Promise<void> {
  session.tell({
    kind: "chapter",
    title: "4. The same request twice",
    text: "An answer gets lost, and the shop sends its first order again. Its `Idempotency-Key` tells that it is the same.",
  });
  session.step("Send the first order again");
  const again = await session.ask(
    { method: "POST", path: "/api/v1/orders", key, body: orderOf("pm_card_visa") },
    {
      status: 201,
      show: ({ id, number, status }) => ({ id, number, status }),
      headers: ["Idempotency-Replayed"],
    },
  );
  session.check("The answer is the first one, byte for byte", again.text === text);
  session.check("It says that it is a repetition", again.headers.get("idempotency-replayed"), "true");
  session.step("Another order under the same key", "That is a mistake of the shop, and is told so.");
  const reused = await session.ask(
    { method: "POST", path: "/api/v1/orders", key, body: orderOf("pm_card_visa", undefined, 3) },
    { status: 422, show: ({ code, title }) => ({ code, title }) },
  );
  session.check("It is refused", reused.body.code, "IDEMPOTENCY_KEY_REUSED");
}
