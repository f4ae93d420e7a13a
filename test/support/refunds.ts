import { newId } from "../../platform/ids.ts";
import { type Client, orderBody } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { eventually } from "./waiting.ts";

const INTERNAL = { meta: { identity: { tenant: "*", client: "service:orders", scopes: [] } } };

/** Places an order, and waits until it is delivered and paid. */
export async function paidOrder(shop: Client, body = orderBody()) {
  const placed = await shop.post("/api/v1/orders", body, newId());
  if (placed.status !== 201) throw new Error(`not placed: ${placed.status} ${placed.text}`);
  return eventually("the order is delivered and paid", async () => {
    const { body: order } = await shop.get(`/api/v1/orders/${placed.body.id}`);
    return order.status === "DELIVERED" && order.payment.status === "CAPTURED" && order;
  });
}

/** Has an amount of an order refunded, once by its name, as the platform's services ask for it. */
export async function refund(platform: TestPlatform, orderId: string, amount: number, name: string): Promise<void> {
  const requests = [{ tenant: "demo", orderId, operationId: `${orderId}:${name}`, amount }];
  const [answer] = (await platform.node("payments").call("payments.refund", { requests }, INTERNAL)) as {
    status: string;
  }[];
  if (answer?.status !== "REFUNDED") throw new Error(`not refunded: ${answer?.status}`);
}
