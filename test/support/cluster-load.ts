import { type Client, orderBody } from "./client.ts";
import type { Refused } from "./load.ts";
import type { Accepted } from "./oracle.ts";
import { pause } from "./waiting.ts";

/** How long a shop goes on asking for the answer to one order, in ms. */
const PATIENCE_MS = 120_000;

export interface ClusterLoad {
  /** The orders that were answered with a 201 so far. */
  readonly accepted: readonly Accepted[];
  readonly refused: readonly Refused[];
  /** Answers that a careful shop must not see: neither an order, a refusal for cause, nor a "later". */
  readonly surprises: readonly string[];
  /** Takes no new orders, waits for those on their way. */
  stop(): Promise<void>;
}

/**
 * Shops that place orders one after the other, each at a gateway of its own, as careful shops do: an order under its
 * key until there is an answer, at the other gateway when one does not answer. Some pay with a card that is declined,
 * some cancel.
 *
 * @param clients one for each gateway
 */
export function startLoad(
  clients: readonly Client[],
  { shops, keyPrefix, pauseMs }: { readonly shops: number; readonly keyPrefix: string; readonly pauseMs: number },
): ClusterLoad {
  const accepted: Accepted[] = [];
  const refused: Refused[] = [];
  const surprises: string[] = [];
  let stopping = false;
  let next = 0;
  const shop = async (own: number) => {
    while (!stopping) {
      const n = next++;
      const key = `${keyPrefix}-${n}`;
      const answer = await placed(clients, own, bodyOf(n), key, surprises);
      if (answer?.status === 201) {
        accepted.push({ id: answer.body.id, number: answer.body.number, key });
        if (n % 17 === 5) await cancel(clients, own, answer.body.id, surprises);
      } else if (answer) refused.push({ key, status: answer.status, code: answer.body?.code });
      await pause(pauseMs * (0.5 + Math.random()));
    }
  };
  const running = Promise.all(Array.from({ length: shops }, (_, i) => shop(i)));
  return {
    accepted,
    refused,
    surprises,
    async stop() {
      stopping = true;
      await running;
    },
  };
}

function bodyOf(n: number): Record<string, unknown> {
  if (n % 11 === 3) return orderBody({ paymentToken: "pm_card_visa_chargeDeclined" });
  return orderBody({ items: [{ sku: "SKU-COFFEE-1KG", quantity: 1 + (n % 3) }] });
}

async function placed(
  clients: readonly Client[],
  own: number,
  body: Record<string, unknown>,
  key: string,
  surprises: string[],
) {
  const end = Date.now() + PATIENCE_MS;
  for (let attempt = 0; Date.now() < end; attempt++) {
    const client = clients[(own + attempt) % clients.length] as Client;
    const answer = await client.post("/api/v1/orders", body, key).catch(() => undefined);
    if (answer?.status === 201 || answer?.body?.code === "OUT_OF_STOCK") return answer;
    // What a shop tries again: no answer, "later", and the first of its own twins that is still on its way.
    const isLater = !answer || answer.status === 503 || answer.body?.code === "IDEMPOTENCY_KEY_IN_FLIGHT";
    if (!isLater) surprises.push(`POST /orders under ${key}: ${answer.status} ${answer.text}`);
    await pause(50 + Math.random() * 100);
  }
  surprises.push(`POST /orders under ${key}: no answer in ${PATIENCE_MS} ms`);
  return undefined;
}

async function cancel(clients: readonly Client[], own: number, id: string, surprises: string[]): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const client = clients[(own + attempt) % clients.length] as Client;
    const answer = await client.post(`/api/v1/orders/${id}/cancel`, {}, `cancel-${id}`).catch(() => undefined);
    // Too late is an answer too.
    if (answer?.status === 200 || answer?.status === 409) return;
    if (answer && answer.status !== 503) surprises.push(`cancel of ${id}: ${answer.status} ${answer.text}`);
    await pause(100);
  }
}
