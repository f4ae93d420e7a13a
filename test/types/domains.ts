/** Compiled by `tsc` and never run: names and payloads across domains, with no import between them. */
import "../../services/delivery/contract.ts";
import "../../services/inventory/contract.ts";
import "../../services/orders/contract.ts";
import type { NewEvent } from "../../platform/event-log.ts";
import { type ActionHandler, type Ctx, call } from "../../platform/service.ts";
import { on } from "../../platform/subscriptions/subscription.ts";

export async function calls(ctx: Ctx): Promise<void> {
  const requests = [{ tenant: "demo", orderId: "x", lines: [{ sku: "A", quantity: 1 }] }];
  const answers = await call(ctx, "inventory.reserve", { requests });
  const status: "HELD" | "OUT_OF_STOCK" | "RELEASED" | undefined = answers[0]?.status;
  // @ts-expect-error no action of this name
  await call(ctx, "inventory.reserv", { requests });
  // @ts-expect-error a request without its lines
  await call(ctx, "inventory.reserve", { requests: [{ tenant: "demo", orderId: "x" }] });
  // @ts-expect-error a quantity that is no number
  await call(ctx, "inventory.checkAvailability", { items: [{ sku: "A", quantity: "1" }] });
  // @ts-expect-error a status that the contract does not know
  const wrong: "GRANTED" | undefined = answers[0]?.status;
  void status;
  void wrong;
}

on("delivery.shipped.v1", async (_tx, events) => {
  const orderId: string | undefined = events[0]?.data.orderId;
  // @ts-expect-error a member that the event does not have
  void events[0]?.data.order;
  void orderId;
});
// @ts-expect-error an event that nobody sends
on("delivery.shiped.v1", async () => {});

const place = { stream: "x", version: 1, tenant: "demo", meta: { actor: "test" }, at: "2026-11-21T12:00:00Z" };
export const shipped: NewEvent<"orders.returned.v1"> = {
  ...place,
  type: "orders.returned.v1",
  data: { shipmentId: "x", shipmentVersion: 4 },
};
// @ts-expect-error the data of another event
export const crossed: NewEvent<"orders.returned.v1"> = { ...place, type: "orders.returned.v1", data: { code: "x" } };

// @ts-expect-error an answer that is not as the contract says
export const handler: ActionHandler<"orders.visible"> = async () => ({ id: 5 });
