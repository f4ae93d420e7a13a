/** Of so many calls one may be made again: a cluster that is going under is not asked twice as much. */
const SHARE = 0.2;
/** How many may be made again at once, after a quiet time: about what one node has in hand when it is killed. */
const MOST = 100;

/** How many calls of a node may be made again: a share of all that it makes, with a reserve for a sudden loss. */
export class RetryBudget {
  #left = MOST;

  /** A call is made. */
  earn(): void {
    this.#left = Math.min(MOST, this.#left + SHARE);
  }

  /** Whether one may be made again, which it then is. */
  spend(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
