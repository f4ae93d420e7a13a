import type { Clock, Instant } from "../../../platform/clock.ts";
import { retryAfterMs } from "../../../platform/retry-after.ts";
import type { MediumName } from "../contract.ts";
import type { Outcome, OutgoingMessage } from "../message.ts";
import type { Medium } from "./medium.ts";

const AT_ONCE = 8;
const LONGEST_MS = 10_000;

export interface HttpProviderOptions {
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token: string;
}

/**
 * A provider of short messages or push notifications that takes them one a POST as JSON. The message's id travels as
 * `Idempotency-Key`, by which the provider passes over one that it was given before.
 */
export class HttpProvider implements Medium {
  readonly name: MediumName;
  readonly kind = "http";
  readonly atOnce = AT_ONCE;
  readonly longestMs = LONGEST_MS;
  readonly #url: string;
  readonly #token: string;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  constructor(name: MediumName, { url, token }: HttpProviderOptions, clock: Clock) {
    this.name = name;
    this.#url = url;
    this.#token = token;
    this.#clock = clock;
  }

  send(messages: readonly OutgoingMessage[]): Promise<Outcome[]> {
    return Promise.all(messages.map((message) => this.#sendOne(message)));
  }

  close(): void {
    this.#closing.abort();
  }

  async #sendOne({ id, to, subject, text }: OutgoingMessage): Promise<Outcome> {
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${this.#token}`,
          "Content-Type": "application/json",
          "Idempotency-Key": id,
        },
        body: JSON.stringify({ id, to: to.address, ...(subject !== undefined && { title: subject }), text }),
        // The token is for this address and no other.
        redirect: "error",
        signal: AbortSignal.any([AbortSignal.timeout(LONGEST_MS - 1_000), this.#closing.signal]),
      });
      await response.body?.cancel();
      return outcomeOf(response.status, response.headers.get("retry-after"), this.#clock.now());
    } catch {
      return { kind: "retry", reason: "HTTP_NO_ANSWER", broken: true };
    }
  }
}

/** What an answer means. With 401, 403 and 404 it is the settings that are wrong: no message is lost over them. */
export function outcomeOf(status: number, retryAfter: string | null, now: Instant): Outcome {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  const reason = `HTTP_${status}`;
  const afterMs = retryAfterMs(retryAfter, now);
  if (status >= 500 || [401, 403, 404, 408, 429].includes(status))
    return { kind: "retry", reason, broken: true, ...(afterMs !== undefined && { afterMs }) };
  return { kind: "refused", reason };
}
