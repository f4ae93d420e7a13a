import { setTimeout as sleep } from "node:timers/promises";
import { unavailable } from "../../../platform/errors.ts";
import type { Exchange } from "./exchange.ts";

/** The most bytes of large bodies and answers in hand: the largest bodies of the 256 requests that are always taken. */
const MOST_BYTES = 256 * 256 * 1_024;
/** What is smaller is not counted: the number of requests bounds it. */
const LARGE = 64 * 1_024;

/** The requests in hand: no more than a number, and so that a stop can wait for them. Live feeds are none of them. */
export class Traffic {
  readonly #most: number;
  #inFlight = 0;
  #shed = 0;
  #bytes = 0;
  #draining = false;

  /** @param most how many requests are in hand at most */
  constructor(most: number) {
    this.#most = most;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether the gateway is about to stop: connections are not kept. */
  get draining(): boolean {
    return this.#draining;
  }

  /** How many requests were turned away. */
  get shed(): number {
    return this.#shed;
  }

  /** Takes a request in, unless too many are; then it is counted as turned away, and does not leave. */
  enter(): boolean {
    if (this.#inFlight >= this.#most) {
      this.#shed++;
      return false;
    }
    this.#inFlight++;
    return true;
  }

  /** Takes in a request that is never turned away. */
  enterAnyway(): void {
    this.#inFlight++;
  }

  leave(): void {
    this.#inFlight--;
  }

  /** Makes room for a body or an answer of a request in hand. Throws UNAVAILABLE when too much is in hand. */
  hold(exchange: Exchange, bytes: number): void {
    // Of a request that is over nobody would let go any more.
    if (bytes < LARGE || exchange.res.destroyed) return;
    if (this.#bytes + bytes > MOST_BYTES) {
      throw unavailable({ detail: "Too much is on its way in and out.", retryAfter: 1 });
    }
    this.#bytes += bytes;
    exchange.held += bytes;
  }

  /** The request is over, and its client has what it gets. */
  letGo(exchange: Exchange): void {
    this.#bytes -= exchange.held;
    exchange.held = 0;
  }

  drain(): void {
    this.#draining = true;
  }

  /** Resolves when no request is in hand any more, or the time is over. */
  async ended(milliseconds: number): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (this.#inFlight > 0 && performance.now() < deadline) await sleep(10);
  }
}
