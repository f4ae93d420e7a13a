import { setTimeout as sleep } from "node:timers/promises";

/** How many requests are served at a time; far above what the platform promises to take without shedding any. */
const MOST = 2_048;

/** Counts the requests in hand, so that a stop can wait for them. Live feeds are none of them. */
export class Traffic {
  #inFlight = 0;
  #draining = false;

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether the gateway is about to stop: connections are not kept. */
  get draining(): boolean {
    return this.#draining;
  }

  get isFull(): boolean {
    return this.#inFlight > MOST;
  }

  enter(): void {
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
