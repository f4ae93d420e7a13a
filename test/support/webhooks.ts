import { newId } from "../../platform/ids.ts";
import type { Client } from "./client.ts";
import { orderBody } from "./client.ts";
import { startPlatform, type TestPlatform } from "./platform.ts";
import { eventually } from "./waiting.ts";
import { Receiver } from "./webhook-receiver.ts";

/** A platform that calls receivers on loopback, and tries again soon. */
export function startWithWebhooks(overrides: Record<string, string> = {}): Promise<TestPlatform> {
  return startPlatform({ WEBHOOKS_FIRST_RETRY_MS: "20", ...overrides });
}

/** What tests of webhooks begin with. */
export interface GivenWebhooks {
  readonly platform: TestPlatform;
  readonly shop: Client;
  readonly operator: Client;
  /** Of this test alone. */
  readonly receiver: Receiver;
}

/** Has the tests of a file share a platform, each with a receiver of its own and no endpoint of another one's. */
export function givenWebhooks(give: (given: GivenWebhooks) => void): void {
  let shared: Omit<GivenWebhooks, "receiver">;
  let receiver: Receiver;
  beforeAll(async () => {
    const platform = await startWithWebhooks();
    const [shop, operator] = [await platform.client("demo-shop"), await platform.client("demo-operator")];
    shared = { platform, shop, operator };
  });
  afterAll(() => shared.platform.stop());
  beforeEach(async () => {
    receiver = await Receiver.start();
    give({ ...shared, receiver });
  });
  afterEach(async () => {
    const { operator } = shared;
    for (const { id } of (await operator.get("/api/v1/webhooks")).body.items)
      await operator.send("DELETE", `/api/v1/webhooks/${id}`);
    await receiver.close();
  });
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

/** Waits until everything that has happened was looked at for webhooks. */
export async function caughtUp(operator: Client): Promise<void> {
  await eventually("webhooks have caught up", async () => {
    const { behind } = (await operator.get("/api/v1/admin/subscriptions/webhooks/orders")).body;
    return behind?.events === 0;
  });
}

/** Waits until nothing is to be sent any more to an endpoint of what has happened. */
export async function settled(operator: Client, id: string): Promise<void> {
  await caughtUp(operator);
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
