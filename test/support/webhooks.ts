import { newId } from "../../platform/ids.ts";
import type { Client } from "./client.ts";
import { orderBody } from "./client.ts";
import { startPlatform, type TestPlatform } from "./platform.ts";
import { eventually } from "./waiting.ts";
import type { Receiver } from "./webhook-receiver.ts";

/** A platform that calls receivers on loopback, and tries again soon. */
export function startWithWebhooks(overrides: Record<string, string> = {}): Promise<TestPlatform> {
  return startPlatform({ WEBHOOKS_FIRST_RETRY_MS: "20", ...overrides });
}

/** Adds an endpoint for a receiver. */
export async function addWebhook(
  operator: Client,
  { url }: Pick<Receiver, "url">,
  more: object = {},
): Promise<{ readonly id: string; readonly secret: string }> {
  const { status, body } = await operator.post("/api/v1/webhooks", { url, ...more });
  if (status !== 201) throw new Error(`no webhook for ${url}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** An order that has come to its end, with its public events as its history has them. */
export interface EndedOrder {
  readonly id: string;
  readonly events: readonly { readonly id: string; readonly type: string; readonly version: number }[];
}

/** Places orders, and waits until they are delivered and paid. */
export async function endedOrders(shop: Client, count: number): Promise<EndedOrder[]> {
  const placed = await Promise.all(
    Array.from(
      { length: count },
      async () => (await shop.post("/api/v1/orders", orderBody(), newId())).body.id as string,
    ),
  );
  return Promise.all(
    placed.map(async (id) => {
      await eventually("the order is at its end", async () => {
        const { status, payment } = (await shop.get(`/api/v1/orders/${id}`)).body;
        return status === "DELIVERED" && payment.status === "CAPTURED";
      });
      const { items } = (await shop.get(`/api/v1/orders/${id}/history?limit=100`)).body;
      return { id, events: items };
    }),
  );
}

/** Waits until nothing is to be sent any more to an endpoint. */
export async function settled(operator: Client, id: string): Promise<void> {
  await eventually("nothing waits for the endpoint", async () => {
    const { items } = (await operator.get(`/api/v1/webhooks/${id}/deliveries?state=PENDING&limit=1`)).body;
    return items.length === 0;
  });
}

/** What a receiver has taken of an order, by the versions of its events, in the order of their coming. */
export function versionsOf({ taken }: Receiver, orderId: string): number[] {
  return taken.filter(({ payload }) => payload.data.orderId === orderId).map(({ payload }) => payload.data.version);
}

/** The versions of all public events of an order. */
export function versions({ events }: EndedOrder): number[] {
  return events.map(({ version }) => version);
}
