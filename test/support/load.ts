import { type Client, orderBody } from "./client.ts";
import type { Accepted } from "./oracle.ts";
import { pause } from "./waiting.ts";

/** How an order ended for the client that placed it. */
export interface Refused {
  readonly key: string;
  readonly status: number;
  readonly code: string;
}

export interface LoadOptions {
  readonly client: Client;
  readonly count: number;
  readonly inFlight: number;
  readonly keyPrefix: string;
  readonly body?: (n: number) => Record<string, unknown>;
  /** Whether to go on, asked before each order. */
  readonly goOn?: () => boolean;
}

/**
 * Places orders as a careful shop does: each under a key of its own, and when there is no answer, or a 503, again
 * under the same key and with the same body until there is one. The journal is what it was told.
 */
export async function placeMany(options: LoadOptions): Promise<{ accepted: Accepted[]; refused: Refused[] }> {
  const { client, count, inFlight, keyPrefix, body = () => orderBody(), goOn = () => true } = options;
  const accepted: Accepted[] = [];
  const refused: Refused[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count && goOn()) {
      const n = next++;
      const key = `${keyPrefix}-${n}`;
      const answer = await placeUntilAnswered(client, body(n), key);
      if (answer.status === 201) accepted.push({ id: answer.body.id, number: answer.body.number, key });
      else refused.push({ key, status: answer.status, code: answer.body?.code });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { accepted, refused };
}

async function placeUntilAnswered(client: Client, body: Record<string, unknown>, key: string) {
  for (let attempt = 0; attempt < 600; attempt++) {
    const answer = await client.post("/api/v1/orders", body, key).catch(() => undefined);
    if (answer && answer.status !== 503 && answer.body?.code !== "IDEMPOTENCY_KEY_IN_FLIGHT") return answer;
    await pause(100);
  }
  throw new Error(`no answer for ${key} in a minute`);
}
