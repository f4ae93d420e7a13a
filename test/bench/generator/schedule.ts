/**
 * When the requests of an open loop are due: at a fixed rate from a start, whatever the answers take. Times are in ms
 * of one clock.
 */
export class Schedule {
  readonly #start: number;
  readonly #interval: number;
  #taken = 0;

  constructor(start: number, perSecond: number) {
    this.#start = start;
    this.#interval = 1_000 / perSecond;
  }

  /** When the next request is due. */
  get next(): number {
    return this.#start + this.#taken * this.#interval;
  }

  /** When the next one was due that is due by now; undefined when none is. Each is given once. */
  take(now: number): number | undefined {
    const due = this.next;
    if (due > now) return undefined;
    this.#taken += 1;
    return due;
  }
}
