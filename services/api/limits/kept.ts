/** How long an answer is good without asking again, in ms: the longest that a change is not seen which nobody told of. */
const GOOD_MS = 3_000;

/**
 * An answer of somebody else's that is needed for every request. It is waited for the first time, and when it is known
 * to be out of date; otherwise the old one is given while the next is asked for. Who cannot be asked has said nothing new.
 */
export class Kept<T> {
  readonly #ask: () => Promise<T>;
  readonly #now: () => number;
  #value: T;
  #askedAt = Number.NEGATIVE_INFINITY;
  #isKnown = false;
  #asking: Promise<T> | undefined;
  #round = 0;

  /** @param before what is given when there has never been an answer */
  constructor(before: T, ask: () => Promise<T>, now = () => performance.now()) {
    this.#value = before;
    this.#ask = ask;
    this.#now = now;
  }

  /** The last answer, however old it is. */
  get last(): T {
    return this.#value;
  }

  get(): T | Promise<T> {
    if (!this.#isKnown) return this.#renew();
    if (this.#now() - this.#askedAt >= GOOD_MS) void this.#renew();
    return this.#value;
  }

  /** The next one who asks waits for a new answer. */
  outdate(): void {
    this.#isKnown = false;
    // One that is on its way may have been made before.
    this.#asking = undefined;
    this.#round++;
  }

  #renew(): Promise<T> {
    this.#asking ??= this.#settle(++this.#round);
    return this.#asking;
  }

  async #settle(round: number): Promise<T> {
    this.#askedAt = this.#now();
    let value: T | undefined;
    try {
      value = await this.#ask();
    } catch {
      value = this.#value;
    }
    if (round === this.#round) {
      this.#asking = undefined;
      this.#isKnown = true;
      this.#value = value;
    }
    return value;
  }
}
