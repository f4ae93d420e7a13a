import { setTimeout as sleep } from "node:timers/promises";

/** The requests in hand: no more than a number, and so that a stop can wait for them. Live feeds are none of them. */
export class Traffic {
  readonly #most: number;
  #inFlight = 0;
  #shed = 0;
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

  drain(): void {
    this.#draining = true;
  }

  /** Resolves when no request is in hand any more, or the time is over. */
  async ended(milliseconds: number): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (this.#inFlight > 0 && performance.now() < deadline) await sleep(10);
  }
}
